package prefixes

import (
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/ref"
)

func TestTexts(t *testing.T) {
	own := QueryAndRest("q: ", "d: ")
	in := embedding.Request{Texts: []string{"a", "b"}, Task: embedding.TaskQuery}
	expect.Equal(t, "queries", own.Texts(in), []string{"q: a", "q: b"})
	expect.Equal(t, "the caller's texts", in.Texts, []string{"a", "b"})
	in.Task = embedding.TaskSimilarity
	expect.Equal(t, "sentences", own.Texts(in), []string{"d: a", "d: b"})
	expect.Equal(t, "variant", own.Variant(), `document="d: ",query="q: ",similarity="d: ",classification="d: ",clustering="d: "`)

	none := Prefixes(nil)
	if got := none.Texts(in); &got[0] != &in.Texts[0] {
		t.Error("texts without a prefix were copied")
	}
	expect.Equal(t, "variant of none", none.Variant(), "")
	expect.Equal(t, "prefixes that are empty", len(QueryAndRest("", "")), 0)
}

func TestTextsAllocations(t *testing.T) {
	req := embedding.Request{Texts: slices.Repeat([]string{"a text of some length"}, 100)}
	p := QueryAndRest("q: ", "d: ")
	if n := testing.AllocsPerRun(100, func() { p.Texts(req) }); n > 2 {
		t.Errorf("got %v allocations for 100 texts, want at most 2", n)
	}
}

func TestWithin(t *testing.T) {
	limits := embedding.Limits{Texts: 3, Tokens: 900, Bytes: 7, TextTokens: 512}
	expect.Equal(t, "limits without a prefix", Prefixes(nil).Within(limits), limits)
	shorter := limits
	shorter.TextTokens -= embedding.EstimateTokens("a rather long prefix: ")
	expect.Equal(t, "limits with prefixes", QueryAndRest("q", "a rather long prefix: ").Within(limits), shorter)
	expect.Equal(t, "unknown limits", QueryAndRest("q", "d").Within(embedding.Limits{}), embedding.Limits{})
	expect.Equal(t, "a prefix as long as the limit", QueryAndRest(strings.Repeat("word ", 99), "").Within(embedding.Limits{TextTokens: 9}), embedding.Limits{TextTokens: 1})
}

func TestIn(t *testing.T) {
	for variant, want := range map[string]bool{
		"": false, "text_type": false, "prompt=\"passage\"": false, `text_type,query=instruct:"find"`: false,
		`query="q: "`: true, `document="d: ",query="q: "`: true, "document=\"d: \" pieces=512+0": true,
	} {
		expect.Equal(t, variant, In(embedding.Model{Variant: variant}), want)
	}
}

func TestNotice(t *testing.T) {
	m := func(id string) embedding.Model { return embedding.Model{ID: id, Symmetric: true} }
	e5 := "the card of intfloat/multilingual-e5-large asks for prefixes of queries and documents, and none are set: " +
		"add prefix=e5 to the reference, or prefix=none if that is meant"
	for _, c := range []struct {
		name, reference string
		model           embedding.Model
		want            string
	}{
		{name: "without", reference: "deepinfra:intfloat/multilingual-e5-large", model: m("intfloat/multilingual-e5-large"), want: e5},
		{name: "without a reference", model: m("intfloat/multilingual-e5-large"), want: e5},
		{name: "with others", reference: "deepinfra:x?max_texts=5", model: m("intfloat/multilingual-e5-large"), want: e5},
		{
			name: "queries only", reference: "vllm:qwen3-embedding-0.6b", model: m("qwen3-embedding-0.6b"),
			want: "the card of qwen3-embedding-0.6b asks for prefixes of queries, and none are set: add prefix=qwen3 to the reference, or prefix=none if that is meant",
		},
		{name: "with", reference: "vllm:e5-base?prefix=auto", model: embedding.Model{ID: "e5-base"}},
		{name: "of a file", reference: "vllm:e5-base", model: embedding.Model{ID: "e5-base", Variant: `query="query: "`}},
		{name: "none is meant", reference: "vllm:e5-base?prefix=none", model: m("e5-base")},
		{name: "plain", reference: "tei:intfloat/multilingual-e5-base?plain=true", model: m("intfloat/multilingual-e5-base")},
		{name: "no need", reference: "vllm:bge-m3", model: m("bge-m3")},
		{name: "unknown", reference: "vllm:acme", model: m("acme")},
	} {
		expect.Equal(t, c.name+": the notice", Notice(c.reference, c.model), c.want)
	}
}

func TestRestore(t *testing.T) {
	for _, c := range []struct {
		name, provider, stored, now, want string
	}{
		{name: "stored with", stored: `document="passage: "`, want: "write prefix=e5 in the reference, or document_prefix=passage:%20"},
		{name: "stored with another", stored: `document="d&%: "`, now: `document="passage: "`, want: "write document_prefix=d%26%25:%20 in the reference"},
		{name: "stored without", now: `document="passage: "`, want: "leave out prefix= and document_prefix= in the reference"},
		{name: "stored without, by tei", provider: "tei", now: `document="passage: "`, want: "write plain=true in the reference"},
		{name: "stored in pieces", stored: "pieces=512+0", want: "open it with the options that it was made with"},
		{name: "stored whole", now: "pieces=512+0", want: "open it with the options that it was made with"},
		{name: "stored in pieces with", stored: `document="passage: ",pieces=512+0`, want: "open it with the options that it was made with"},
	} {
		got := Restore(embedding.Model{Provider: c.provider, Variant: c.now}, c.stored)
		expect.Equal(t, c.name, got, c.want)
		// What it says to write is a reference's option with the stored prefix.
		if _, option, ok := strings.Cut(got, "document_prefix="); ok && c.stored != "" {
			r, err := ref.Parse("x:m?document_prefix=" + strings.Fields(option)[0])
			expect.NoError(t, err)
			expect.Equal(t, c.name+": variant", QueryAndRest("", r.Values["document_prefix"]).Variant()[:len(c.stored)], c.stored)
		}
	}
}
