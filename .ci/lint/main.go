// Command lint holds Go code to what go vet, staticcheck and a dozen smaller analyzers know.
//
//	go vet -vettool=lint ./...           # all analyzers, each package once: go caches the findings
//	lint -platforms windows/amd64 ./...  # go vet's own analyzers for another platform, uncompiled
//
// It exists because a linter that holds a hundred analyzers takes ten minutes to compile and needs
// a cache of its own. This one compiles in a minute and shares the cache of go vet.
package main

import (
	"encoding/json"
	"os"
	"strings"

	"golang.org/x/tools/go/analysis/unitchecker"
)

// deep is set by -ldflags "-X main.deep=yes", for the night: functions of other modules are then
// known as well as ours and the standard library's.
var deep string

func main() {
	if len(os.Args) > 2 && os.Args[1] == "-platforms" {
		os.Exit(platforms(os.Args[2], os.Args[3:]))
	}
	if path, ok := dependency(os.Args[len(os.Args)-1]); ok {
		unitchecker.Main(knowledge(ours(path) || standard(path) || deep != ""))
	}
	unitchecker.Main(lint)
}

// dependency returns the import path in go vet's file for a package, if go vet was asked only about
// packages that import it.
func dependency(file string) (path string, ok bool) {
	if !strings.HasSuffix(file, ".cfg") {
		return "", false
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", false
	}
	var c unitchecker.Config
	err = json.Unmarshal(text, &c)
	return c.ImportPath, err == nil && c.VetxOnly
}

// standard reports whether a path is of the standard library.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}
