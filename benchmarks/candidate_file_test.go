package benchmarks

import (
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

func TestReadCandidates(t *testing.T) {
	got, err := readCandidates([]byte(`---
# what we think of buying
candidates:
  - static:base   # the floor
  - "static:base?dimensions=64"
  - name: e5 # with a name
    reference: openai:e5-passage?base_url=http://127.0.0.1:18090/v1&space=e5
    query: 'openai:e5-query?space=e5'
    document_prefix: "passage: "
    query_prefix: "query: "

    price: 0.07 USD 2026-10-12
    parallel: 2
    timeout: 1m30s
  - reference: static:base
    name: 'it''s'
`))
	want := []Candidate{
		{Reference: "static:base"},
		{Reference: "static:base?dimensions=64"},
		{
			Name: "e5", Reference: "openai:e5-passage?base_url=http://127.0.0.1:18090/v1&space=e5", Query: "openai:e5-query?space=e5",
			DocumentPrefix: "passage: ", QueryPrefix: "query: ", Parallel: 2, Timeout: 90 * time.Second,
			Price: embedding.Price{PerMillion: .07, Currency: "USD", AsOf: "2026-10-12"},
		},
		{Reference: "static:base", Name: "it's"},
	}
	if err != nil || len(got) != len(want) {
		t.Fatalf("got %+v, %v, want the candidates of the file", got, err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
	if bare, err := readCandidates([]byte("- static:base\n- static:base?dimensions=64\n")); err != nil || len(bare) != 2 {
		t.Errorf("got %+v, %v, want 2 candidates", bare, err)
	}
}

func TestReadCandidatesSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "there is no candidate",
		"candidates:\n":                         "line 1: a list of candidates",
		"candidates: []\n":                      "line 1: a list of candidates",
		"- name: x\n":                           "line 1: the candidate has no reference",
		"- name: x\n  nom: y\n":                 "line 2: there is no field of this name; there are document_prefix, name",
		"- name: x\n  name: y\n":                "line 2: a name is given twice",
		"- name: x\n    reference: static:base": "line 2",
		"- static:base\n- &x static:base\n":     "line 2: a plain value",
		"- [static:base]\n":                     "line 1: a plain value",
		"- reference: {a: b}\n":                 "line 1: a plain value",
		"- \"static:base\n":                     "line",
		"- reference: s:b\n  price: 1\n":        "line 2: the price is",
		"- reference: s:b\n  price: 1 usd 2026-01-01\n": "line 2: the price is",
		"- reference: s:b\n  price: 0 USD 2026-01-01\n": "line 2: the price is",
		"- reference: ollama:${MODEL}\n":                "line 1: variables and templates are not filled in here",
		"- reference: {{ .Values.model }}\n":            "line 1: variables and templates are not filled in here",
		"- reference: s:b\n  parallel: 0\n":             "line 2: a whole number above 0",
		"- reference: s:b\n  timeout: 5\n":              "line 2: a duration",
		"other: x\n":                                    "line 1: there is no field of this name; there are candidates",
		"-\n":                                           "line 1: a plain value",
		"- a:b\n---\n- a:b\n":                           "more than one document",
	} {
		if got, err := readCandidates([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, error %v, want %q", text, got, err, want)
		}
	}
	if _, err := LoadCandidates("no such file"); err == nil {
		t.Error("no file, no error")
	}
}

// A file of embedders is one of candidates, with a stack that does not count.
func TestReadCandidatesOfEmbedders(t *testing.T) {
	got, err := readCandidates([]byte(`embedders:
  search:
    reference: openai:e5?space=e5
    query: openai:e5-query?space=e5
    document_prefix: "passage: "
    query_prefix: "query: "
    price: 0.07 USD 2026-10-12
    batch: {parallel: 2}
    timeout: 90s
    cache: {tier: {disk: vectors.db}}
    limit: {rpm: 5, shared: {redis: "redis://localhost", account: a}}
  floor: {reference: static:base}
telemetry: {otel: "http://localhost:4318"}
`))
	expect.NoError(t, err)
	expect.Equal(t, "candidates", got, []Candidate{{Name: "floor", Reference: "static:base", Timeout: time.Minute}, {
		Name: "search", Reference: "openai:e5?space=e5", Query: "openai:e5-query?space=e5", DocumentPrefix: "passage: ", QueryPrefix: "query: ",
		Price: embedding.Price{PerMillion: .07, Currency: "USD", AsOf: "2026-10-12"}, Parallel: 2, Timeout: 90 * time.Second,
	}})
	for text, want := range map[string]string{"embedders: {a: {name: b}}": "there is no field of this name", "embedders: {}\ncandidates: []": "there is no field", "embedders: {a: {reference: x, price: cheap}}": "write it per million"} {
		_, err := readCandidates([]byte(text))
		expect.Says(t, text, err, want)
	}
}
