// Command lint holds Go code to what go vet, staticcheck and a dozen smaller analyzers know.
//
//	go vet -vettool=lint ./...           # all analyzers, each package once: go caches the findings
//	lint -platforms windows/amd64 ./...  # go vet's own analyzers for another platform, uncompiled
//
// It exists because a linter that holds a hundred analyzers takes ten minutes to compile and needs
// a cache of its own. This one compiles in a minute and shares the cache of go vet.
package main

import (
	"os"

	"golang.org/x/tools/go/analysis/unitchecker"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "-platforms" {
		os.Exit(platforms(os.Args[2], os.Args[3:]))
	}
	unitchecker.Main(lint)
}
