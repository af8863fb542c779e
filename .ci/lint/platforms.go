package main

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/packages"
)

// prefix begins the import path of every package that is ours.
const prefix = "github.com/vecspace/embedding"

// platforms runs go vet's analyzers on the packages as they are for each platform of a list such as
// "windows/amd64,linux/386". It reads everything from source, so nothing is compiled for the
// platform. It returns the exit status.
func platforms(list string, patterns []string) (status int) {
	for platform := range strings.SplitSeq(list, ",") {
		system, arch, _ := strings.Cut(platform, "/")
		all, err := packages.Load(&packages.Config{
			Mode: packages.LoadAllSyntax | packages.NeedModule,
			Env:  append(os.Environ(), "GOOS="+system, "GOARCH="+arch, "CGO_ENABLED=0"), Tests: true,
		}, patterns...)
		if err != nil {
			fmt.Fprintln(os.Stderr, platform+":", err)
			return 1
		}
		packages.Visit(all, nil, func(p *packages.Package) {
			if !ours(p.PkgPath) {
				return
			}
			for _, e := range p.Errors {
				fmt.Fprintf(os.Stderr, "%s: %s\n", platform, e)
				status = 1
			}
		})
		graph, err := checker.Analyze(vet, all, nil)
		if err != nil {
			fmt.Fprintln(os.Stderr, platform+":", err)
			return 1
		}
		for _, act := range graph.Roots {
			if act.Err != nil && !act.Package.IllTyped {
				fmt.Fprintf(os.Stderr, "%s: %s: %v\n", platform, act, act.Err)
				status = 1
			}
			for _, d := range act.Diagnostics {
				fmt.Fprintf(os.Stderr, "%s: %s: %s (%s)\n", platform, act.Package.Fset.Position(d.Pos), d.Message, act.Analyzer.Name)
				status = 1
			}
		}
	}
	return status
}

// ours reports whether an import path is of this project: a package, its tests outside of it, or,
// behind a space, the package as it is compiled for a test.
func ours(path string) bool {
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || strings.ContainsAny(rest[:1], "/_ "))
}
