package openai_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/openai/internal/models"
	"github.com/vecspace/embedding/providers/openai/openaitest"
	"github.com/vecspace/embedding/providers/openai/presettest"
	"github.com/vecspace/embedding/providers/ref"
)

// prefixed opens a reference's options at an emulator of a preset.
func prefixed(t *testing.T, preset, options string) (*vendortest.Emulator, embedding.Embedder) {
	t.Helper()
	path, model := openaitest.BasePath, "text-embedding-3-small"
	s := vendortest.Serve(t)(func() (*emulator.Server, error) {
		if preset == "openai" {
			return openaitest.New(emulator.Options{})
		}
		path, model = presettest.BasePath(preset), presettest.Model(preset)
		return presettest.New(preset, emulator.Options{})
	}())
	t.Setenv("PREFIX_TEST_KEY", emulator.DefaultKey)
	r, err := ref.Parse(preset + ":" + model + "?key_env=PREFIX_TEST_KEY&base_url=" + s.URL + path + options)
	expect.NoError(t, err)
	return s, vendortest.Opened(t)(openai.Open(r))
}

// sent returns the only text of the last request.
func sent(t *testing.T, s *vendortest.Emulator, e embedding.Embedder, task embedding.Task) string {
	t.Helper()
	_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"hi"}, Task: task})
	expect.NoError(t, err)
	var body struct{ Input []string }
	expect.NoError(t, json.Unmarshal([]byte(s.Last()), &body))
	expect.Equal(t, "texts of the request", len(body.Input), 1)
	return body.Input[0]
}

func TestPrefixes(t *testing.T) {
	for options, want := range map[string]struct{ document, query, clustering, variant string }{
		"":             {document: "hi", query: "hi", clustering: "hi"},
		"&prefix=none": {document: "hi", query: "hi", clustering: "hi"},
		"&prefix=auto": {document: "hi", query: "hi", clustering: "hi"}, // of OpenAI's own model
		"&prefix=e5": {
			document: "passage: hi", query: "query: hi", clustering: "query: hi",
			variant: `document="passage: ",query="query: ",similarity="query: ",classification="query: ",clustering="query: "`,
		},
		"&prefix=qwen3": {
			document: "hi", query: "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:hi", clustering: "hi",
			variant: `query="Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"`,
		},
		"&query_prefix=q:%20": {document: "hi", query: "q: hi", clustering: "hi", variant: `query="q: "`},
		"&query_prefix=q:%20&document_prefix=d:%0A": {
			document: "d:\nhi", query: "q: hi", clustering: "d:\nhi",
			variant: `document="d:\n",query="q: ",similarity="d:\n",classification="d:\n",clustering="d:\n"`,
		},
	} {
		t.Run(options, func(t *testing.T) {
			s, e := prefixed(t, "openai", options)
			expect.Equal(t, "document", sent(t, s, e, embedding.TaskDocument), want.document)
			expect.Equal(t, "query", sent(t, s, e, embedding.TaskQuery), want.query)
			expect.Equal(t, "text to cluster", sent(t, s, e, embedding.TaskClustering), want.clustering)
			expect.Equal(t, "variant", e.Model().Variant, want.variant)
			expect.Equal(t, "symmetric", e.Model().Symmetric, want.variant == "")
		})
	}
}

// Every server of OpenAI's wire takes prefixes.
func TestPrefixesOfPresets(t *testing.T) {
	for _, p := range models.Presets() {
		t.Run(p.Name, func(t *testing.T) {
			s, e := prefixed(t, p.Name, "&prefix=e5")
			expect.Equal(t, "document", sent(t, s, e, embedding.TaskDocument), "passage: hi")
			expect.Equal(t, "query", sent(t, s, e, embedding.TaskQuery), "query: hi")
		})
	}
}

func TestPrefixesByName(t *testing.T) {
	t.Setenv("SILICONFLOW_API_KEY", "sk-of-the-test")
	for reference, want := range map[string]string{
		"siliconflow:Qwen/Qwen3-Embedding-8B?prefix=auto": `query="Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"`,
		"siliconflow:BAAI/bge-large-zh-v1.5?prefix=auto":  `query="为这个句子生成表示以用于检索相关文章："`,
		"siliconflow:BAAI/bge-m3?prefix=auto":             "",
		"lmstudio:text-embedding-nomic-embed-text-v1.5?prefix=auto": `document="search_document: ",query="search_query: ",` +
			`similarity="classification: ",classification="classification: ",clustering="clustering: "`,
		"llamacpp:bge-small-en-v1.5-Q8_0.gguf?prefix=auto": `query="Represent this sentence for searching relevant passages: "`,
	} {
		r, err := ref.Parse(reference)
		expect.NoError(t, err)
		e := vendortest.Opened(t)(openai.Open(r))
		expect.Equal(t, reference, e.Model().Variant, want)
	}
}

// A prefix takes its tokens from the limit of a text.
func TestPrefixesTakeTokens(t *testing.T) {
	m, err := build(t, openai.Options{Preset: "siliconflow", Model: "BAAI/bge-large-en-v1.5", Key: "sk-of-the-test"})
	expect.NoError(t, err)
	with, err := build(t, openai.Options{Preset: "siliconflow", Model: "BAAI/bge-large-en-v1.5", Key: "sk-of-the-test", Prefix: "auto"})
	expect.NoError(t, err)
	want := m.Limits
	want.TextTokens -= embedding.EstimateTokens("Represent this sentence for searching relevant passages: ")
	expect.Equal(t, "limits", with.Limits, want)
}

func TestBadPrefixes(t *testing.T) {
	unset(t)
	vendortest.BadReferences(t, openai.Open, embedding.Invalid, map[string]string{
		"vllm:acme/base?prefix=auto":                    "does not have the model acme/base, so prefix=auto cannot choose: name a row (e5, ",
		"vllm:acme/base?prefix=gemma":                   `there is no prefix "gemma" in the table; there are auto, e5, `,
		"vllm:acme/base?prefix=e5&query_prefix=query: ": "exclude each other: leave one out",
		"vllm:acme/base?prefix=auto&document_prefix=d":  "exclude each other: leave one out",
		"vllm:acme/base?prefix=none&query_prefix=q":     "exclude each other: leave one out",
	})
	r, err := ref.Parse("vllm:acme/base?prefix=auto")
	expect.NoError(t, err)
	_, err = openai.Open(r)
	for _, name := range []string{"multilingual-e5-large", "bge-m3", "qwen3-embedding-0.6b"} {
		vendortest.Refused(t, "an unknown model's prefix", err, nil, name)
	}
}

// A refusal that quotes a text quotes it with its prefix; neither gets into the error.
func TestPrefixedTextsStaySecret(t *testing.T) {
	s, e := prefixed(t, "llamacpp", "&prefix=e5")
	secret := strings.Repeat("pentagon papers ", 2_000)
	_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"fine", secret}})
	if !errors.Is(err, embedding.Rejected) || strings.Contains(err.Error(), "pentagon") {
		t.Errorf("got the error %v, want %v without the text", err, embedding.Rejected)
	}
	if !strings.Contains(s.Last(), "passage: pentagon") {
		t.Error("the request has the text without its prefix")
	}
}

func TestPrefixesKeepTheLaws(t *testing.T) {
	embedtest.Test(t, func(t *testing.T) embedtest.Subject {
		s, e := prefixed(t, "openai", "&prefix=e5&max_texts=10")
		return embedtest.Subject{Embedder: e, Ledger: s.Usage}
	})
}
