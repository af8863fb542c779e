package main

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"4d63.com/gocheckcompilerdirectives/checkcompilerdirectives"
	makezero "github.com/ashanbrown/makezero/v2/pkg/analyzer"
	"github.com/charithe/durationcheck"
	"github.com/golangci/unconvert"
	"github.com/gordonklaus/ineffassign/pkg/ineffassign"
	"github.com/karamaru-alpha/copyloopvar"
	"github.com/kisielk/errcheck/errcheck"
	"github.com/polyfloyd/go-errorlint/errorlint"
	"github.com/sanposhiho/wastedassign/v2"
	usestdlibvars "github.com/sashamelentyev/usestdlibvars/pkg/analyzer"
	"github.com/timakin/bodyclose/passes/bodyclose"
	"golang.org/x/tools/go/analysis"
	stlint "honnef.co/go/tools/analysis/lint"
	"honnef.co/go/tools/simple"
	"honnef.co/go/tools/staticcheck"
	"honnef.co/go/tools/stylecheck"
	"honnef.co/go/tools/unused"
)

// off are checks of staticcheck that are not held, besides its suggestions of style (QF).
var off = []string{
	"ST1000", // a package comment stands in one file
	"ST1003", // names follow the vendor's
	"ST1012", // kinds are errors by design and read as embedding.RateLimited
	"ST1016", // receivers of a small type may be named after their use
}

// unchecked are functions with errors that nobody can act on.
var unchecked = []string{
	// Writing to a terminal, to memory or to a client that has gone: there is nobody to tell.
	"fmt.Fprint", "fmt.Fprintf", "fmt.Fprintln", "(net/http.ResponseWriter).Write", "io.WriteString",
	// Closing what was only read.
	"(io.ReadCloser).Close", "(io/fs.File).Close", "(*archive/zip.ReadCloser).Close",
}

// notInTests are analyzers that skip tests, which call for effects.
var notInTests = []string{"errcheck", "bodyclose"}

// lint runs all analyzers and reports what they found where no nolint comment allows it.
var lint = &analysis.Analyzer{
	Name:     "lint",
	Doc:      "everything that go vet, staticcheck and the smaller linters find",
	Requires: parts(),
	Run:      report,
}

// found collects the reports of all parts. A process sees one package.
var (
	mu    sync.Mutex
	found []finding
)

type finding struct {
	by string
	d  analysis.Diagnostic
}

func parts() []*analysis.Analyzer {
	errcheck.DefaultExcludedSymbols = append(errcheck.DefaultExcludedSymbols, unchecked...)
	wrapping := errorlint.NewAnalyzer()
	// Errors are compared by identity on purpose: whether texts failed by one and the same error, and
	// io.EOF, which readers must return as it is. What is held is that wrapping uses %w.
	for name, value := range map[string]string{"errorf": "true", "asserts": "false", "comparison": "false"} {
		if err := wrapping.Flags.Set(name, value); err != nil {
			panic(err)
		}
	}
	all := []*analysis.Analyzer{
		bodyclose.Analyzer, checkcompilerdirectives.Analyzer(), copyloopvar.NewAnalyzer(), durationcheck.Analyzer,
		errcheck.Analyzer, wrapping, ineffassign.Analyzer, makezero.NewAnalyzer(), misspelled,
		unconverted, usestdlibvars.New(), wastedassign.Analyzer, unusedCode,
	}
	all = append(all, vet...)
	for _, group := range [][]*stlint.Analyzer{staticcheck.Analyzers, simple.Analyzers, stylecheck.Analyzers} {
		for _, a := range group {
			if name := a.Analyzer.Name; !slices.Contains(off, name) {
				all = append(all, a.Analyzer)
			}
		}
	}
	for i, a := range all {
		all[i] = collecting(a)
	}
	return all
}

// collecting returns a that adds to found instead of reporting.
func collecting(a *analysis.Analyzer) *analysis.Analyzer {
	c := *a
	c.Run = func(pass *analysis.Pass) (any, error) {
		p := *pass
		p.Report = func(d analysis.Diagnostic) {
			mu.Lock()
			defer mu.Unlock()
			found = append(found, finding{a.Name, d})
		}
		return a.Run(&p)
	}
	return &c
}

// knowledge returns an analyzer of dependencies, which finds what lint has to know of their
// functions: which are deprecated, format like Printf or never return. deep adds what needs their
// code in an intermediate form, which takes longer than all else: which are pure, for example.
func knowledge(deep bool) *analysis.Analyzer {
	k := &analysis.Analyzer{
		Name: "knowledge",
		Doc:  "what the analyzers of lint know of other packages",
		Run:  func(*analysis.Pass) (any, error) { return nil, nil },
	}
	for _, a := range withFacts(lint, map[*analysis.Analyzer]bool{}) {
		if deep || !slices.ContainsFunc(a.Requires, func(r *analysis.Analyzer) bool { return r.Name == "buildir" }) {
			k.Requires = append(k.Requires, a)
		} else {
			k.FactTypes = append(k.FactTypes, a.FactTypes...) // of the standard library, to be passed on
		}
	}
	return k
}

// withFacts returns those analyzers below a that tell something of a package to its importers.
func withFacts(a *analysis.Analyzer, seen map[*analysis.Analyzer]bool) (all []*analysis.Analyzer) {
	for _, r := range a.Requires {
		if seen[r] {
			continue
		}
		if seen[r] = true; len(r.FactTypes) > 0 {
			all = append(all, r)
		}
		all = append(all, withFacts(r, seen)...)
	}
	return all
}

func report(pass *analysis.Pass) (any, error) {
	allowed := permits(pass)
	slices.SortFunc(found, func(a, b finding) int { return cmp.Compare(a.d.Pos, b.d.Pos) })
	for _, f := range found {
		at := pass.Fset.Position(f.d.Pos)
		if strings.HasSuffix(at.Filename, "_test.go") && slices.Contains(notInTests, f.by) || generated(pass, f.d.Pos) {
			continue
		}
		used := false
		for _, p := range allowed {
			if p.covers(at, f.by) {
				p.used, used = true, true
			}
		}
		if !used {
			pass.Reportf(f.d.Pos, "%s (%s)", f.d.Message, f.by)
		}
	}
	for _, p := range allowed {
		switch {
		case p.name == "" || !p.explained:
			pass.Reportf(p.pos, "a nolint comment names its linter and explains itself: //nolint:name // why (nolint)")
		case !p.used && slices.ContainsFunc(pass.Analyzer.Requires, func(a *analysis.Analyzer) bool { return a.Name == p.name }):
			pass.Reportf(p.pos, "%s finds nothing here: remove the nolint comment (nolint)", p.name)
		}
	}
	return nil, nil
}

// unusedCode reports what unused only returns.
var unusedCode = &analysis.Analyzer{
	Name:     "unused",
	Doc:      "code that nothing uses",
	Requires: []*analysis.Analyzer{unused.Analyzer.Analyzer},
	Run: func(pass *analysis.Pass) (any, error) {
		for _, o := range pass.ResultOf[unused.Analyzer.Analyzer].(unused.Result).Unused {
			for _, f := range pass.Files {
				if file := pass.Fset.File(f.FileStart); file.Name() == o.Position.Filename {
					pass.Reportf(file.Pos(o.Position.Offset), "%s %s is unused", o.Kind, o.Name)
				}
			}
		}
		return nil, nil
	},
}

// unconverted reports conversions to the type that a value has.
var unconverted = &analysis.Analyzer{
	Name: "unconvert",
	Doc:  "conversions that change nothing",
	Run: func(pass *analysis.Pass) (any, error) {
		for _, at := range unconvert.Run(pass) {
			for _, f := range pass.Files {
				if file := pass.Fset.File(f.FileStart); file.Name() == at.Filename {
					pass.Reportf(file.Pos(at.Offset), "this conversion changes nothing")
				}
			}
		}
		return nil, nil
	},
}
