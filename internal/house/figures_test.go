package house

import (
	"flag"
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

var tree = flag.String("tree", "", "print the figures of the tree in this folder")

// TestFigures prints how large the tree in a folder is:
//
//	go test ./internal/house -run Figures -v -tree ../..
func TestFigures(t *testing.T) {
	if *tree == "" {
		t.Skip("-tree names no folder")
	}
	code, tests := map[string]int{}, map[string]int{}
	exported, count := map[string]int{}, map[string]int{}
	for _, f := range read(t, *tree) {
		if strings.HasSuffix(f.name, ".md") {
			count["lines of Markdown prose over 120 columns"] += len(f.prose(120))
			continue
		}
		fset, parsed, err := f.parse()
		expect.NoError(t, err)
		count["comment lines over 100 columns"] += len(f.comments(fset, parsed, 100))
		count["comment lines over 120 columns"] += len(f.comments(fset, parsed, 120))
		part := f.part(parsed)
		if f.test() {
			tests[part] += f.lines(fset, parsed)
			count["silent failures"] += len(silences(fset, parsed))
			continue
		}
		code[part] += f.lines(fset, parsed)
		for _, group := range parsed.Comments {
			for _, c := range group.List {
				count["lines of comments outside tests"] += strings.Count(c.Text, "\n") + 1
			}
		}
		if parsed.Name.Name != "main" && !strings.Contains("/"+f.where()+"/", "/internal/") {
			for kind, n := range names(parsed) {
				count["exported "+kind] += n
				if kind != "fields" && kind != "aliases" {
					exported[f.where()] += n
				}
			}
		}
	}
	for _, part := range slices.Sorted(maps.Keys(code)) {
		fmt.Printf("%7d lines of code and %6d of tests: %s\n", code[part], tests[part], part)
	}
	for _, what := range slices.Sorted(maps.Keys(count)) {
		fmt.Printf("%7d %s\n", count[what], what)
	}
	fmt.Printf("%7d packages with exported types, functions, methods, constants and variables:\n", len(exported))
	for _, where := range slices.Sorted(maps.Keys(exported)) {
		fmt.Printf("%7d   %s\n", exported[where], where)
	}
}

// part returns the name under which a file's lines are counted.
func (f file) part(parsed *ast.File) string {
	switch {
	case ast.IsGenerated(parsed):
		return "generated"
	case strings.HasPrefix(f.name, "cmd/campaign/"), strings.HasPrefix(f.name, "internal/campaign/"):
		return "the fault campaign"
	case strings.HasPrefix(f.name, "integration/"):
		return "integration"
	case strings.HasPrefix(f.name, ".ci/"), strings.HasPrefix(f.name, "internal/house/"), strings.HasPrefix(f.name, "internal/upgrade/"):
		return "the linter and what holds the house"
	}
	return "the library, its command, examples and benchmarks"
}

// names counts what a file exports, by kind.
func names(parsed *ast.File) map[string]int {
	n := map[string]int{}
	for _, d := range parsed.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			switch {
			case !d.Name.IsExported():
			case d.Recv == nil:
				n["functions"]++
			case receiver(d.Recv.List[0].Type).IsExported():
				n["methods"]++
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					if !s.Name.IsExported() {
						continue
					}
					n["types"]++
					if s.Assign.IsValid() {
						n["aliases"]++
					}
					if st, ok := s.Type.(*ast.StructType); ok {
						for _, field := range st.Fields.List {
							for _, name := range field.Names {
								if name.IsExported() {
									n["fields"]++
								}
							}
						}
					}
				case *ast.ValueSpec:
					for _, name := range s.Names {
						if name.IsExported() {
							n[map[token.Token]string{token.CONST: "constants", token.VAR: "variables"}[d.Tok]]++
						}
					}
				}
			}
		}
	}
	return n
}

func receiver(e ast.Expr) *ast.Ident {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e
	}
	return ast.NewIdent("_")
}
