package benchmarks

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestUnknownReferences(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "")
	o := quick(t.TempDir())
	r, err := Compare(t.Context(), []Candidate{
		{Reference: "nobody:x"}, {Reference: "static:other"}, {Reference: "openai:text-embedding-3-small"}, {}, {Reference: "static:base"},
		{Name: "two spaces", Reference: "static:base", Query: "static:base?dimensions=64"},
	}, []Task{tiny()}, o)
	if err != nil || len(r.Failed()) != 5 || slices.Contains(r.Failed(), "static:base") {
		t.Errorf("failed %q, %v", r.Failed(), err)
	}
}

// TestPrefixes checks that documents, queries and pairs get the prefixes that the model was trained
// with.
func TestPrefixes(t *testing.T) {
	f := fake("a", nil)
	dir := t.TempDir()
	r, err := Compare(t.Context(), []Candidate{{Embedder: f, DocumentPrefix: "passage: ", QueryPrefix: "query: "}}, []Task{tiny(), tinyPairs()}, quick(dir))
	if err != nil || len(r.Failed()) != 0 {
		t.Fatalf("got the error %v and the failures %v, want neither", err, r.Failed())
	}
	for text, want := range map[string]int{"passage: document about subject3 and more": 1, "query: what is subject3": 1, "query: sentence 3": 1, "what is subject3": 0} {
		expect.Equal(t, text+", times embedded", f.Billed(text), want)
	}
	plain := fake("a", nil)
	compare(t, quick(dir), []Task{tiny()}, plain)
	if len(plain.Calls()) == 0 {
		t.Error("answers to prefixed texts were taken for those without a prefix")
	}
}

func TestNames(t *testing.T) {
	cs := named([]Candidate{
		{Reference: "openai:m?base_url=http://a/v1&dimensions=8"}, {Reference: "openai:n?base_url=http://a/v1"}, {Reference: "openai:n?base_url=http://b/v1"},
		{Name: "mine", Reference: "static:base"}, {Reference: "what?"}, {Embedder: fake("f", nil)},
	})
	want := []string{"openai:m?dimensions=8", "openai:n?base_url=http://a/v1", "openai:n?base_url=http://b/v1", "mine", "what?", "f"}
	for i, c := range cs {
		expect.Equal(t, fmt.Sprintf("name %d", i), c.Name, want[i])
	}
}

// A recording is one file a candidate, named so that it can be known, with nothing of the query
// string but a digest.
func TestFileNames(t *testing.T) {
	a := Candidate{Reference: "openai:m?base_url=http://127.0.0.1:1/v1&space=x"}
	b := Candidate{Name: "other", Reference: "openai:m?space=x&base_url=http://127.0.0.1:1/v1"}
	c := Candidate{Reference: "openai:m?base_url=http://127.0.0.1:2/v1&space=x"}
	if a.file() != b.file() || a.file() == c.file() || !strings.HasPrefix(a.file(), "openai-m-") || filepath.Base(a.file()) != a.file() {
		t.Errorf("got %s, %s, %s, want two equal base names of openai-m and another", a.file(), b.file(), c.file())
	}
	// How much is sent at once, and with which key, changes no answer: nothing is paid for again.
	d := Candidate{Reference: a.Reference + "&max_texts=8&max_tokens=900&key_env=OTHER", Query: "openai:q?max_texts=8"}
	e := Candidate{Reference: a.Reference, Query: "openai:q"}
	if d.file() != e.file() || d.file() == a.file() {
		t.Errorf("got %s, %s, %s, want two equal names and another", d.file(), e.file(), a.file())
	}
	if weird := (Candidate{Reference: "x:../../" + strings.Repeat("é/", 300)}).file(); len(weird) > 90 || strings.ContainsAny(weird, `/\`) {
		t.Errorf("got %s, want a short base name", weird)
	}
}
