package config_test

import (
	"context"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/ref"
)

func TestReadRefuses(t *testing.T) {
	t.Setenv("MISTRAL_API_KEY", "")
	parts := (&recorder{}).parts()
	at := func(field string) string { return "embedders:\n  a:\n    reference: static:base\n    " + field + "\n" }
	for text, want := range map[string]string{
		"":                                            "the file is empty",
		"# nothing\n":                                 "the file is empty",
		"embedders: {}\n":                             "line 1: there is no embedder",
		"models: {}\n":                                "line 1: there is no field of this name; there are default, embedders",
		"embedders:\n  a: static:base":                "line 2: a mapping is needed",
		"embedders:\n  a: {timeout: 1s}":              "line 2: the embedder has no reference",
		at("color: red"):                              "line 4: there is no field of this name; there are aliases, allow_truncate, balance, batch",
		at("sk-0123456789: red"):                      "line 4: there is no field",
		at("reference: static:base"):                  "line 4: a name is given twice",
		at("limit: {rpm: many}"):                      "line 4: a whole number of 0 or more",
		at("lane: bluk"):                              "line 4: there is no lane of this name; there are bulk, interactive",
		at("lane: [bulk]"):                            "line 4: a plain value is needed",
		at("limit: {lane: bulk}"):                     "line 4: there is no field of this name",
		at("limit: {rpm: -1}"):                        "line 4: a whole number of 0 or more",
		at("timeout: 30"):                             "line 4: a duration is needed",
		at("budget: {max: .nan, currency: USD}"):      "line 4: a number above 0",
		at("budget: {max: 1, currency: USD}"):         `line 3: embedder "a": middleware.Budget: the price of static:base is unknown`,
		at("batch: &b {texts: 1}"):                    "line 4: a mapping is needed here (name: value), without anchors",
		at("dimensions: !!str 5"):                     "line 4: a plain value",
		at("dimensions: 5"):                           "static:base has 256 dimensions, not 5",
		at("fallback: static:base"):                   "line 4: a list of references",
		at("fallback: ['static:base?dimensions=64']"): `embedder "a"`,
		at("fallback: [static:base]\n    balance: [static:base]"):           "both fallback and balance",
		"embedders:\n  a: {reference: 'static:base?color=red'}":             `there is no option "color"`,
		"embedders:\n  a: {reference: 'mistral:mistral-embed'}":             "set the variable MISTRAL_API_KEY",
		"embedders:\n  a: {reference: 'mistral:m?key=sk-0123456789'}":       "holds an API key",
		"embedders:\n  a: {reference: [":                                    "config: line ",
		"embedders: {a: {reference: static:base}}\n---\nembedders: {}\n":    "more than one document",
		at("cache: {tier: disk}"):                                           "line 4: a mapping is needed here",
		at("cache: {tier: {disk: {}}}"):                                     "line 4: a plain value is needed",
		at("cache: {tier: {ttl: 1h}}"):                                      "line 4: tier: name one of disk, redis",
		at("cache: {tier: {disk: a, redis: b}}"):                            "line 4: tier: disk and redis are both named",
		at("cache: {tier: {disk: a, max_bytes: 1k}}"):                       "line 4: a whole number of bytes",
		at("cache: {max_bytes: -1}"):                                        "line 4: a whole number of bytes",
		at("cache: {max_bytes: 9000000000000000000}"):                       "MaxBytes is 9000000000000000000: it must be at most 1099511627776",
		at("cache: {tier: {color: red}}"):                                   "line 4: there is no field of this name; there are disk, max_bytes, redis, timeout, ttl",
		at("limit: {rpm: 1, shared: {account: a}}"):                         "line 4: shared: name one of redis",
		at("limit: {rpm: 1, shared: {redis: a}}"):                           "line 4: shared: account is missing",
		at("limit: {shared: {redis: a, account: b}}"):                       "line 4: shared needs rpm or tpm",
		at("limit: {rpm: 1, window: 1m}"):                                   "line 4: window is for a shared limit",
		at("limit: {rpm: 1, window: -1m, shared: {redis: a, account: b}}"):  "line 4: a duration",
		at("limit: {rpm: 1, shared: {redis: a, account: b, processes: 0}}"): "line 4: a whole number above 0",
		at("fallback: ['ollama:${MODEL}']"):                                 "line 4: variables and templates are not filled in here",
		at("fallback: {{ .Values.fallback }}"):                              "line 4: variables and templates are not filled in here",
		at("fallback: ['ollama:$MODEL']"):                                   "neither is filled in here",
		at("cache: {max_bytes: ${BYTES}}"):                                  "variables and templates are not filled in here",
		at("cache: {{ .Values.cache }}"):                                    "line 4: variables and templates are not filled in here",
		at("cache: {tier: {disk: '${DIR}/vectors.db'}}"):                    "line 4: variables and templates are not filled in here",
		at("canary: $(DIR)/canary.json"):                                    "line 4: variables and templates are not filled in here",
		at("{% if x %}"):                                                    "variables and templates are not filled in here",
		at("dimensions: {{ .Values.d | default \"5\" }}"):                   "variables and templates are not filled in here",
		"embedders:\n  a: {reference: $REF}":                                "neither is filled in here",
		"%YAML 1.2\nembedders: {a: {reference: static:base}}\n":             "config: ",
		"%YAML 2.0\n---\nembedders: {a: {reference: static:base}}\n":        "config: ",
		"%YAML 1.2\n---\nembedders:\n  a: {color: red}\n":                   "line 4: there is no field",
		at("dimensions: -1"):                                                "line 4: a whole number of 0 or more",
		at("canary: []"):                                                    "line 4: a plain value is needed",
		at("canary: absent.json"):                                           `line 3: embedder "a": `,
		"telemetry: {}\nembedders: {a: {reference: static:base}}\n":         "line 1: telemetry: name one of otel",
		strings.Repeat("#", config.MaxBytes+1):                              "more than 1048576 bytes",
		"a: &a [x]\nembedders: {b: *a}\n":                                   "line 1: there is no field",
	} {
		s, err := config.Read(strings.NewReader(text), parts)
		if err == nil || s != nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "0123456789") {
			t.Errorf("%.80q: got %v, want %q", text, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(full)
	f.Add("a: &a [*a, *a]\nembedders: {<<: *a}")
	f.Fuzz(func(t *testing.T, text string) {
		table := providers.Table{"static": providers.Builtin()["static"]}
		s, err := config.Read(strings.NewReader(text), config.Parts{Providers: table})
		if (s == nil) == (err == nil) {
			t.Errorf("got the Set %v and the error %v, want one of them", s, err)
		}
		if s != nil {
			expect.NoError(t, s.Close())
		}
	})
}

func TestReadDirectives(t *testing.T) {
	for _, head := range []string{"%YAML 1.2\n---\n", "%YAML 1.1\n---\n", "# mine\n\n%YAML 1.2 # new\n---\n", "%YAML 1.2\r\n---\r\n", "\ufeff%YAML 1.2\n---\n", "---\n",
		"%YAML 1.2\n--- # here\n", "# ${NOT} {{ a value }}\n"} {
		s, err := config.Read(strings.NewReader(head+"embedders: {a: {reference: static:base}}\n"), config.Parts{})
		if err != nil {
			t.Errorf("%q: got the error %v, want none", head, err)
			continue
		}
		expect.NoError(t, s.Close())
	}
}

// A number of 0 is as if the field was not there.
func TestReadZeros(t *testing.T) {
	recorded := &recorder{}
	s, err := config.Read(strings.NewReader(`embedders:
  a:
    reference: static:base
    dimensions: 0
    timeout: 0
    patience: 0
    cache: {max_bytes: 0, ttl: 0, tier: {disk: a, max_bytes: 0, ttl: 0, timeout: 0}}
    coalesce: {window: 0, texts: 0}
    batch: {parallel: 0, texts: 0, tokens: 0, bytes: 0}
    retry: {budget: 0, max_wait: 0, pause: 0, max_pause: 0, attempts: 0}
    breaker: {failures: 0, cooldown: 0}
    limit: {rpm: 0, tpm: 0, in_flight: 0}
`), recorded.parts())
	expect.NoError(t, err)
	e, err := s.Embedder("a")
	expect.NoError(t, err)
	if res, err := embedding.Documents(t.Context(), e, []string{"a", "b"}); err != nil || len(res) != 2 {
		t.Errorf("got %d vectors and the error %v, want 2", len(res), err)
	}
	expect.NoError(t, s.Close())
}

// What a file of candidates says, one of embedders may say too: prefixes reach the model, each kind
// of text its own, and are part of what a cache compares.
func TestRoles(t *testing.T) {
	var sent []string
	parts := config.Parts{Providers: providers.Table{"echo": func(r ref.Ref) (embedding.Embedder, error) {
		return echo{r.Model, &sent}, nil
	}}}
	s, err := config.Read(strings.NewReader(`embedders:
  e5:
    reference: echo:passage
    query: echo:query
    document_prefix: "passage: "
    query_prefix: "query: "
    price: 0.07 USD 2026-10-12
`), parts)
	expect.NoError(t, err)
	defer func() { expect.NoError(t, s.Close()) }()
	e, err := s.Embedder("e5")
	expect.NoError(t, err)
	_, err = embedding.Documents(t.Context(), e, []string{"a"})
	expect.NoError(t, err)
	_, err = embedding.Query(t.Context(), e, "b")
	expect.NoError(t, err)
	expect.Equal(t, "texts", sent, []string{"passage passage: a", "query query: b"})
	expect.Equal(t, "price", e.Model().Price, embedding.Price{PerMillion: .07, Currency: "USD", AsOf: "2026-10-12"})
	expect.Equal(t, "variant", e.Model().Variant, `query="echo:query",similarity="echo:query" `+
		`document="passage: ",query="query: ",similarity="query: ",classification="passage: ",clustering="passage: "`)
	expect.Equal(t, "the documents' part of it", e.Model().DocumentVariant(), `document="passage: "`)
	for field, want := range map[string]string{
		"query: static:base, balance: [static:base]": "leave one out",
		"query: 'static:base?dimensions=64'":         "say space= in both references",
		"price: cheap":                               "write it per million tokens",
		"query: nobody:x":                            "there is no provider",
	} {
		_, err := config.Read(strings.NewReader("embedders: {a: {reference: static:base, "+field+"}}"), config.Parts{})
		expect.Says(t, field, err, want)
	}
}

// echo notes the texts that it is sent.
type echo struct {
	name string
	sent *[]string
}

func (echo) Model() embedding.Model {
	return embedding.Model{Provider: "echo", ID: "one", Space: "echo", Dimensions: 1}
}

func (e echo) Embed(_ context.Context, req embedding.Request) (embedding.Response, error) {
	res := embedding.Response{Usage: embedding.Usage{Requests: 1}}
	for _, text := range req.Texts {
		*e.sent = append(*e.sent, e.name+" "+text)
		res.Vectors = append(res.Vectors, []float32{1})
	}
	return res, nil
}

// A file's prefixes on top of the reference's would be there twice.
func TestPrefixesAreNotDoubled(t *testing.T) {
	const e5 = "vllm:e5-base?native_dimensions=768"
	for fields, doubled := range map[string]bool{
		"reference: '" + e5 + "&prefix=e5', query_prefix: 'query: '":                     true,
		"reference: '" + e5 + "&query_prefix=q', document_prefix: 'passage: '":           true,
		"reference: ollama:nomic-embed-text, query_prefix: 'search_query: '":             true,
		"reference: '" + e5 + "', query: '" + e5 + "&prefix=e5', query_prefix: 'q: '":    true,
		"reference: '" + e5 + "', query_prefix: 'query: ', document_prefix: 'passage: '": false,
		"reference: 'ollama:nomic-embed-text?plain=true', query_prefix: 'q: '":           false,
		"reference: '" + e5 + "&prefix=e5'":                                              false,
	} {
		_, err := config.Read(strings.NewReader("embedders: {a: {"+fields+"}}"), config.Parts{})
		if got := err != nil && strings.Contains(err.Error(), "would double the prefixes that the reference gives"); got != doubled || err != nil && !doubled {
			t.Errorf("%s: got the error %v, want that prefixes are doubled: %v", fields, err, doubled)
		}
	}
}
