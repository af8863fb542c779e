package voyage_test

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/voyage"
	"github.com/vecspace/embedding/providers/voyage/voyagetest"
)

func emulate(t *testing.T, o voyage.Options) (*vendortest.Emulator, embedding.Embedder) {
	t.Helper()
	s := vendortest.Serve(t)(voyagetest.New(emulator.Options{Keys: []string{vendortest.Key}}))
	o.Model, o.Key, o.BaseURL = cmp.Or(o.Model, "voyage-4-large"), cmp.Or(o.Key, vendortest.Key), s.URL+voyagetest.BasePath
	return s, vendortest.Opened(t)(voyage.New(o))
}

func TestLaws(t *testing.T) {
	vendortest.Laws(t, emulate, map[string]voyage.Options{
		"roles":    {Dimensions: 256},
		"plain":    {Plain: true, Truncate: true},
		"unlisted": {Unlisted: true},
	})
}

func TestHTTP(t *testing.T) {
	embedtest.TestHTTP(t, func(t *testing.T, base string, client *http.Client) embedding.Embedder {
		return vendortest.Opened(t)(voyage.New(voyage.Options{Model: "voyage-4", Dimensions: 256, Key: embedtest.TestKey, BaseURL: base, HTTPClient: client, AllowHTTP: true}))
	})
}

func open(base string) (embedding.Embedder, error) {
	return voyage.New(voyage.Options{Model: "voyage-4", BaseURL: base, Key: vendortest.Key})
}

func FuzzAnswers(f *testing.F) { vendortest.FuzzAnswers(f, open) }

func TestRefusals(t *testing.T) {
	vendortest.Refusals(t, open, map[string]string{
		"quota gone": "no such body is known; without a payment method the rate is lower, which is RateLimited",
	})
}

func TestWhatIsSent(t *testing.T) {
	for _, tc := range []struct {
		o    voyage.Options
		task embedding.Task
		want string
	}{
		{voyage.Options{}, embedding.TaskDocument, `{"model":"voyage-4-large","input":["hi"],"truncation":false,"encoding_format":"base64","input_type":"document"}`},
		{voyage.Options{Dimensions: 512}, embedding.TaskQuery, `{"model":"voyage-4-large","input":["hi"],"truncation":false,"encoding_format":"base64","output_dimension":512,"input_type":"query"}`},
		{voyage.Options{Truncate: true}, embedding.TaskClustering, `{"model":"voyage-4-large","input":["hi"],"truncation":true,"encoding_format":"base64"}`},
		{voyage.Options{Plain: true}, embedding.TaskQuery, `{"model":"voyage-4-large","input":["hi"],"truncation":false,"encoding_format":"base64"}`},
	} {
		s, e := emulate(t, tc.o)
		s.Receives(t, e, embedding.Request{Texts: []string{"hi"}, Task: tc.task}, tc.want)
	}
}

func TestBadOptions(t *testing.T) {
	client := vendortest.NoNetwork(t)
	t.Setenv(voyage.KeyVariable, "")
	vendortest.BadOptions(t, func(o voyage.Options) (embedding.Embedder, error) { o.HTTPClient = client; return voyage.New(o) },
		[]vendortest.BadOption[voyage.Options]{
			vendortest.Bad("no model", voyage.Options{}, embedding.Invalid, "no model is named; there are voyage-4-large"),
			vendortest.Bad("unknown model", voyage.Options{Model: "voyage-9"}, embedding.Invalid, `no model "voyage-9" in the table; there are voyage-4-large, voyage-4`),
			vendortest.Bad("unknown dimensions", voyage.Options{Model: "voyage-4", Dimensions: 100}, embedding.Invalid, "it has 1024, 256, 512, 2048"),
			vendortest.Bad("fixed dimensions", voyage.Options{Model: "voyage-law-2", Dimensions: 256}, embedding.Invalid, "it has 1024 only"),
			vendortest.Bad("no key", voyage.Options{Model: "voyage-4"}, embedding.Auth, "set the variable VOYAGE_API_KEY"),
			vendortest.Bad("another's host", voyage.Options{Model: "voyage-4", BaseURL: "https://proxy.example/v1"}, embedding.Auth, "Options.KeyEnv"),
			vendortest.Bad("the whole URL", voyage.Options{Model: "voyage-4", BaseURL: voyage.BaseURL + "/embeddings", Key: "k"}, embedding.Invalid, "ends in /embeddings"),
			vendortest.Bad("key in the clear", voyage.Options{Model: "voyage-4", BaseURL: "http://api.voyageai.com/v1", Key: vendortest.Key}, embedding.Invalid, "in the clear"),
		})
}

func TestModel(t *testing.T) {
	spaces := make(map[embedding.Space]bool)
	for _, id := range []string{"voyage-4-large", "voyage-4", "voyage-4-lite"} {
		e := vendortest.Opened(t)(voyage.New(voyage.Options{Model: id, Key: "pa-0123456789"}))
		spaces[e.Model().Space] = true
		if e.Model().Endpoint != "api.voyageai.com" || e.Model().Symmetric {
			t.Errorf("got %+v, want Endpoint api.voyageai.com, Symmetric false", e.Model())
		}
	}
	if len(spaces) != 1 || !spaces["voyage/voyage-4@1024"] {
		t.Errorf("series 4 has the spaces %v", spaces)
	}
	m := vendortest.Opened(t)(voyage.New(voyage.Options{Model: "voyage-law-2", Key: "al-0123456789", Plain: true})).Model()
	if m.Endpoint != "ai.mongodb.com" || m.Space != "voyage/voyage-law-2@1024" || m.Variant != "" || !m.Symmetric ||
		m.Limits != (embedding.Limits{Texts: 1000, Tokens: 120_000, TextTokens: 16_000}) {
		t.Errorf("got %+v, want Endpoint ai.mongodb.com, Space voyage/voyage-law-2@1024, Variant none, Symmetric true, Limits %v",
			m, embedding.Limits{Texts: 1000, Tokens: 120_000, TextTokens: 16_000})
	}
}

func TestBadInput(t *testing.T) {
	_, e := emulate(t, voyage.Options{Limits: embedding.Limits{Texts: 5000}})
	expect.Equal(t, "allowed", vendortest.Failure(t, e, slices.Repeat([]string{"hi"}, 1001), embedding.TooLarge, "middleware.Batch").Allowed, embedding.Limits{Texts: 1000})
	expect.Equal(t, "allowed", vendortest.Failure(t, e, slices.Repeat([]string{strings.Repeat("a ", 1000)}, 130), embedding.TooLarge, "middleware.Batch").Allowed, embedding.Limits{Tokens: 120_000})
	vendortest.Failure(t, e, []string{strings.Repeat("a ", 33_000)}, embedding.Rejected, "Options.Truncate")
	_, e = emulate(t, voyage.Options{Key: "another-key-0123456789"})
	vendortest.Failure(t, e, []string{"hi"}, embedding.Auth, "the key in Options.Key is wrong")
	_, e = emulate(t, voyage.Options{Key: "al-key-0123456789"})
	vendortest.Failure(t, e, []string{"hi"}, embedding.Auth, voyage.AtlasBaseURL)
	_, e = emulate(t, voyage.Options{Model: "voyage-9", Unlisted: true})
	_, err := embedding.Query(t.Context(), e, "hi")
	vendortest.Refused(t, "no such model", err, embedding.Invalid)
}
