package main

import (
	"go/ast"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/golangci/misspell"
	"golang.org/x/tools/go/analysis"
)

// misspelled reports words that are often misspelled, in comments and strings.
var misspelled = &analysis.Analyzer{
	Name: "misspell",
	Doc:  "words that are often misspelled",
	Run: func(pass *analysis.Pass) (any, error) {
		r := misspell.New()
		r.AddRuleList(misspell.DictAmerican)
		r.Compile()
		for _, f := range pass.Files {
			file := pass.Fset.File(f.FileStart)
			data, err := os.ReadFile(file.Name())
			if err != nil {
				return nil, err
			}
			_, diffs := r.Replace(string(data))
			for _, d := range diffs {
				pass.Reportf(file.LineStart(d.Line)+token.Pos(d.Column), "%q is a misspelling of %q", d.Original, d.Corrected)
			}
		}
		return nil, nil
	},
}

// permit is a nolint comment.
type permit struct {
	pos       token.Pos
	name      string
	explained bool
	used      bool
	file      string
	from, to  int // lines
}

func (p *permit) covers(at token.Position, name string) bool {
	return p.name == name && p.file == at.Filename && p.from <= at.Line && at.Line <= p.to
}

var nolint = regexp.MustCompile(`^//nolint(?::([a-z,]+))?( // .+)?`)

// permits returns the nolint comments of a package. One behind code is for its line, one alone on a
// line is for the declaration or statement that follows.
func permits(pass *analysis.Pass) []*permit {
	var out []*permit
	for _, f := range pass.Files {
		for _, group := range f.Comments {
			for _, c := range group.List {
				m := nolint.FindStringSubmatch(c.Text)
				if m == nil {
					continue
				}
				at := pass.Fset.Position(c.Pos())
				to := at.Line
				ast.Inspect(f, func(n ast.Node) bool {
					if n != nil && pass.Fset.Position(n.Pos()).Line == at.Line+1 && !behindCode(pass.Fset, f, c) {
						to = max(to, pass.Fset.Position(n.End()).Line)
					}
					return true
				})
				for _, name := range strings.Split(m[1], ",") {
					out = append(out, &permit{pos: c.Pos(), name: name, explained: m[2] != "", file: at.Filename, from: at.Line, to: to})
				}
			}
		}
	}
	return out
}

func behindCode(fset *token.FileSet, f *ast.File, c *ast.Comment) (behind bool) {
	line := fset.Position(c.Pos()).Line
	ast.Inspect(f, func(n ast.Node) bool {
		switch n.(type) {
		case nil, *ast.File, *ast.Comment, *ast.CommentGroup:
		default:
			behind = behind || n.End() <= c.Pos() && fset.Position(n.End()).Line == line
		}
		return true
	})
	return behind
}

func generated(pass *analysis.Pass, pos token.Pos) bool {
	return slices.ContainsFunc(pass.Files, func(f *ast.File) bool {
		return f.FileStart <= pos && pos <= f.FileEnd && ast.IsGenerated(f)
	})
}
