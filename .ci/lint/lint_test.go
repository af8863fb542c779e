package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// faults has one fault for each analyzer and the name that must report it. Those of go vet and
// staticcheck stand for their whole sets.
var faults = []struct{ by, code string }{
	{"bodyclose", `func f(c *http.Client) (int, error) { r, err := c.Get("http://localhost"); if err != nil { return 0, err }; return r.StatusCode, nil }`},
	{"copyloopvar", `func f(a []int) (out []int) { for _, x := range a { x := x; out = append(out, x) }; return out }`},
	{"durationcheck", `func f(d time.Duration) time.Duration { return d * time.Second }`},
	{"errcheck", `func f() { os.Remove("a") }`},
	{"errorlint", `func f(err error) error { return fmt.Errorf("a: %v", err) }`},
	{"gocheckcompilerdirectives", "//go:embod a\nfunc f() {}"},
	{"ineffassign", `func f() int { x := 1; x = 2; return x }`},
	{"makezero", `func f(n int) []int { a := make([]int, n); a = append(a, 1); return a }`},
	{"misspell", "// F was rec" + "ieved.\nfunc f() {}"}, // in two parts, for this file is held to the same words
	{"nolint", "func f() {} //nolint:errcheck // nothing is here"},
	{"nolint", "func f() { os.Remove(`a`) } //nolint"},
	{"unconvert", `func f(n int) int { return int(n) }`},
	{"unused", `func f() {}; func unused() {}`},
	{"usestdlibvars", `func f() (*http.Request, error) { return http.NewRequest("GET", "http://localhost", nil) }`},
	{"wastedassign", `func f(b bool) int { x := 0; if b { x = 1 } else { x = 2 }; return x }`},
	{"printf", `func f() { fmt.Printf("%d", "a") }`},
	{"lostcancel", `func f(ctx context.Context) context.Context { ctx, _ = context.WithCancel(ctx); return ctx }`},
	{"SA4006", `func f() int { x, err := os.Getwd(); _ = x; _, err = os.Getwd(); if err != nil { return 1 }; return 0 }`},
	{"S1002", `func f(b bool) int { if b == true { return 1 }; return 0 }`},
	{"ST1005", `func f() error { return errors.New("Capital.") }`},
	{"", "func f() { os.Remove(`a`) } //nolint:errcheck // it may be there or not"},
	{"", "func f() { fmt.Fprintln(os.Stdout) }"},
}

var imports = []string{"context", "errors", "fmt", "net/http", "os", "time"}

func TestEachAnalyzerFinds(t *testing.T) {
	tool := build(t)
	dir := t.TempDir()
	write(t, dir, "go.mod", "module github.com/vecspace/embedding/scratch\n\ngo 1.26.0\n")
	for i, x := range faults {
		var b strings.Builder
		b.WriteString("// Package p has a fault.\npackage p\n\n")
		for _, name := range imports {
			if strings.Contains(x.code, filepath.Base(name)+".") {
				b.WriteString("import \"" + name + "\"\n")
			}
		}
		b.WriteString("\nvar _ = f\n\n" + x.code + "\n")
		write(t, dir, filepath.Join("p"+string(rune('a'+i)), "p.go"), b.String())
	}
	cmd := exec.CommandContext(t.Context(), "go", "vet", "-vettool="+tool, "./...")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Errorf("got no error from code full of faults, want one; the output: %s", out)
	}
	for i, x := range faults {
		var lines []string
		for line := range strings.Lines(string(out)) {
			if strings.HasPrefix(line, filepath.Join("p"+string(rune('a'+i)), "p.go")+":") {
				lines = append(lines, line)
			}
		}
		if got := strings.Join(lines, ""); (x.by == "") != (got == "") || x.by != "" && !strings.Contains(got, "("+x.by+")") {
			t.Errorf("%s: got %q, want a report by %q", x.code, got, x.by)
		}
	}
	if t.Failed() {
		t.Logf("all that was said:\n%s", out)
	}
}

// TestKnowledge has faults that nobody sees without the code of another package, about which go vet
// is not asked.
func TestKnowledge(t *testing.T) {
	const functions = `// Package other is imported.
package other

import "fmt"

// Old is old.
//
// Deprecated: use New.
func Old() {}

// Printf formats.
func Printf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// Pure adds.
func Pure(a, b int) int { c := a + b; return c * c }
`
	tool, deep := build(t), build(t, "-ldflags", "-X main.deep=yes")
	for _, x := range []struct {
		name, tool, other, code, want string
	}{
		{"deprecated", tool, "example.com/other", "other.Old()", "(SA1019)"},
		{"deprecated, ours", tool, prefix + "/other", "other.Old()", "(SA1019)"},
		{"a format", tool, "example.com/other", "_ = other.Printf(`%d`, `a`)", "(printf)"},
		{"pure, ours", tool, prefix + "/other", "other.Pure(1, 2)", "(SA4017)"},
		{"pure, the standard library's", tool, "strings", "strings.ToLower(`a`)", "(SA4017)"},
		{"an odd number", tool, "strings", "_ = strings.NewReplacer([]string{`a`}...)", "(SA5012)"},
		{"pure, others'", tool, "example.com/other", "other.Pure(1, 2)", ""},
		{"pure, others', by night", deep, "example.com/other", "other.Pure(1, 2)", "(SA4017)"},
	} {
		t.Run(x.name, func(t *testing.T) {
			dir := t.TempDir()
			module := "module " + prefix + "/scratch\n\ngo 1.26.0\n"
			if strings.HasSuffix(x.other, "/other") {
				module += "\nrequire " + x.other + " v0.0.0\n\nreplace " + x.other + " => ./other\n"
				write(t, dir, "other/go.mod", "module "+x.other+"\n\ngo 1.26.0\n")
				write(t, dir, "other/other.go", functions)
			}
			write(t, dir, "go.mod", module)
			write(t, dir, "p.go", "// Package p has a fault.\npackage p\n\nimport \""+x.other+"\"\n\n// F fails.\nfunc F() { "+x.code+" }\n")
			cmd := exec.CommandContext(t.Context(), "go", "vet", "-vettool="+x.tool, ".")
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if (err != nil) != (x.want != "") || !strings.Contains(string(out), x.want) {
				t.Errorf("got %v and %q, want %q", err, out, x.want)
			}
		})
	}
}

func TestOurs(t *testing.T) {
	for path, want := range map[string]bool{
		prefix: true, prefix + "/jobs": true, prefix + "_test": true, prefix + " [" + prefix + ".test]": true,
		prefix + "s": false, "github.com/vecspace": false, "strings": false,
	} {
		if got := ours(path); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}

// TestPlatforms has faults that only show on one platform: a type that is not there, a number that
// does not fit, and one of go vet's.
func TestPlatforms(t *testing.T) {
	tool := build(t)
	for name, x := range map[string]struct{ platform, file, code, want string }{
		"a missing name": {"windows/amd64", "p_windows.go", "package p\n\nimport \"syscall\"\n\nvar _ = syscall.Flock\n", "undefined: syscall.Flock"},
		"a missing file": {"darwin/arm64", "p_linux.go", "package p\n\nfunc g() {}\n", "undefined: g"},
		"32 bit":         {"linux/386", "p_more.go", "package p\n\nfunc g() int { return 1 << 40 }\n", "overflows"},
		"a shift":        {"linux/386", "p_more.go", "package p\n\nfunc g() { n := 1; _ = n << 40 }\n", "(shift)"},
		"a format":       {"windows/amd64", "p_windows.go", "package p\n\nimport \"fmt\"\n\nfunc g() { fmt.Printf(\"%d\", \"a\") }\n", "(printf)"},
		"a test":         {"darwin/arm64", "p_darwin_test.go", "package p\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) { h() }\n", "undefined: h"},
		"nothing":        {"windows/amd64", "p_more.go", "package p\n\nfunc g() {}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "go.mod", "module github.com/vecspace/embedding/scratch\n\ngo 1.26.0\n")
			write(t, dir, x.file, x.code)
			if strings.HasSuffix(x.file, "_test.go") {
				write(t, dir, "g.go", "package p\n\nfunc g() {}\n")
			}
			write(t, dir, "p.go", "package p\n\nfunc F() { g() }\n")
			cmd := exec.CommandContext(t.Context(), tool, "-platforms", x.platform, "./...")
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if (err != nil) != (x.want != "") || !strings.Contains(string(out), x.want) {
				t.Errorf("got %v and %q, want %q", err, out, x.want)
			}
		})
	}
}

func build(t *testing.T, flags ...string) string {
	t.Helper()
	tool := filepath.Join(t.TempDir(), "lint")
	args := append(append([]string{"build", "-o", tool}, flags...), ".")
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Fatalf("building the linter: %v\n%s", err, out)
	}
	return tool
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	name = filepath.Join(dir, name)
	err := os.MkdirAll(filepath.Dir(name), 0o755)
	if err == nil {
		err = os.WriteFile(name, []byte(text), 0o644)
	}
	if err != nil {
		t.Fatalf("writing %s: %v", name, err)
	}
}
