package azure_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/azure"
	"github.com/vecspace/embedding/providers/azure/azuretest"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/openai/openaitest"
)

func emulate(t *testing.T, o azure.Options) (*vendortest.Emulator, embedding.Embedder) {
	t.Helper()
	s := vendortest.Serve(t)(azuretest.New(azuretest.Options{
		Options:     emulator.Options{Keys: []string{vendortest.Key}},
		Deployments: map[string]string{"docs": "text-embedding-3-small", "old-1": "text-embedding-ada-002"},
		Tokens:      []string{entra},
	}))
	o.Deployment, o.Endpoint = cmp.Or(o.Deployment, "docs"), s.URL
	if o.Token == nil {
		o.Key = cmp.Or(o.Key, vendortest.Key)
	}
	return s, vendortest.Opened(t)(azure.New(o))
}

const entra = "token-of-entra-" + vendortest.Key

func token(context.Context) (string, error) { return entra, nil }

func TestLaws(t *testing.T) {
	vendortest.Laws(t, emulate, map[string]azure.Options{
		"v1":              {Model: "text-embedding-3-small", Dimensions: 64},
		"by deployment":   {Model: "text-embedding-3-small", Dimensions: 64, APIVersion: "2024-10-21"},
		"nothing known":   {},
		"token":           {Model: "text-embedding-3-small", Token: token},
		"fixed, and said": {Deployment: "old-1", Model: "text-embedding-ada-002", Dimensions: 1536},
	})
}

func TestHTTP(t *testing.T) {
	// The suite's server has one address for all formats.
	wire := embedtest.OpenAIWire()
	texts := wire.Texts
	for name, tc := range map[string]struct {
		o    azure.Options
		path string
	}{
		"v1":            {azure.Options{Key: embedtest.TestKey}, "/openai/v1/embeddings"},
		"by deployment": {azure.Options{Key: embedtest.TestKey, APIVersion: "2024-10-21"}, "/openai/deployments/docs/embeddings?api-version=2024-10-21"},
		"token":         {azure.Options{Token: func(context.Context) (string, error) { return embedtest.TestKey, nil }}, "/openai/v1/embeddings"},
	} {
		wire.Texts = func(r *http.Request, body []byte) ([]string, error) {
			if got := r.URL.RequestURI(); got != tc.path {
				return nil, fmt.Errorf("%s was asked, want %s", got, tc.path)
			}
			r = r.Clone(r.Context())
			r.URL.Path = "/v1/embeddings"
			return texts(r, body)
		}
		t.Run(name, func(t *testing.T) {
			embedtest.TestHTTPWire(t, wire, func(t *testing.T, base string, client *http.Client) embedding.Embedder {
				o := tc.o
				o.Deployment, o.Model, o.Dimensions, o.HTTPClient, o.AllowHTTP = "docs", "text-embedding-3-small", 256, client, true
				o.Endpoint = base
				return vendortest.Opened(t)(azure.New(o))
			})
		})
	}
}

func open(base string) (embedding.Embedder, error) {
	return azure.New(azure.Options{Deployment: "docs", Model: "text-embedding-3-small", Endpoint: base, Key: vendortest.Key})
}

func FuzzAnswers(f *testing.F) { vendortest.FuzzAnswers(f, open) }

func TestRefusals(t *testing.T) {
	vendortest.Refusals(t, open, nil)
}

func TestWhatIsSent(t *testing.T) {
	for _, tc := range []struct {
		o    azure.Options
		want string
	}{
		{azure.Options{}, `{"model":"docs","input":["hi"],"encoding_format":"base64"}`},
		{azure.Options{Dimensions: 512}, `{"model":"docs","input":["hi"],"encoding_format":"base64","dimensions":512}`},
		{azure.Options{Deployment: "old-1", Model: "text-embedding-ada-002", Dimensions: 1536}, `{"model":"old-1","input":["hi"],"encoding_format":"base64"}`},
	} {
		s, e := emulate(t, tc.o)
		res := s.Receives(t, e, embedding.Request{Texts: []string{"hi"}, Task: embedding.TaskQuery}, tc.want)
		expect.Equal(t, "length of the id", len(res.ID), 36)
		expect.Equal(t, "usage", res.Usage, embedding.Usage{Requests: 1, Tokens: 2})
	}
}

func TestBadOptions(t *testing.T) {
	client := vendortest.NoNetwork(t)
	t.Setenv(azure.KeyVariable, "")
	t.Setenv(azure.EndpointVariable, "")
	const at = "https://mine.openai.azure.com"
	vendortest.BadOptions(t, func(o azure.Options) (embedding.Embedder, error) { o.HTTPClient = client; return azure.New(o) },
		[]vendortest.BadOption[azure.Options]{
			vendortest.Bad("no deployment", azure.Options{Endpoint: at, Key: "k"}, embedding.Invalid, "no deployment is named"),
			vendortest.Bad("a deployment's name", azure.Options{Deployment: "a/b", Endpoint: at, Key: "k"}, embedding.Invalid, "no name of a deployment"),
			vendortest.Bad("unknown model", azure.Options{Deployment: "d", Model: "gpt-4o", Endpoint: at, Key: "k"}, embedding.Invalid, "there are text-embedding-3-small, text-embedding-3-large"),
			vendortest.Bad("dimensions", azure.Options{Deployment: "d", Model: "text-embedding-3-small", Dimensions: 3072, Endpoint: at, Key: "k"}, embedding.Invalid, "it has 1 to 1536"),
			vendortest.Bad("fixed dimensions", azure.Options{Deployment: "d", Model: "text-embedding-ada-002", Dimensions: 512, Endpoint: at, Key: "k"}, embedding.Invalid, "it has 1536 only"),
			vendortest.Bad("native dimensions", azure.Options{Deployment: "d", Model: "text-embedding-ada-002", NativeDimensions: 512, Endpoint: at, Key: "k"}, embedding.Invalid, "has 1536 dimensions, not 512"),
			vendortest.Bad("both dimensions", azure.Options{Deployment: "d", Dimensions: 5, NativeDimensions: 5, Endpoint: at, Key: "k"}, embedding.Invalid, "leave one out"),
			vendortest.Bad("negative dimensions", azure.Options{Deployment: "d", Dimensions: -5, Endpoint: at, Key: "k"}, embedding.Invalid, "at least 1"),
			vendortest.Bad("version", azure.Options{Deployment: "d", APIVersion: "v1", Endpoint: at, Key: "k"}, embedding.Invalid, "2024-10-21"),
			vendortest.Bad("no endpoint", azure.Options{Deployment: "d", Key: "k"}, embedding.Invalid, "set the variable AZURE_OPENAI_ENDPOINT"),
			vendortest.Bad("the whole URL", azure.Options{Deployment: "d", Endpoint: at + "/openai/deployments/d/embeddings?api-version=2023-05-15", Key: "k"}, embedding.Invalid, "api_version="),
			vendortest.Bad("a query", azure.Options{Deployment: "d", Endpoint: at + "?api-version=2023-05-15", Key: "k"}, embedding.Invalid, "has a query"),
			vendortest.Bad("no key", azure.Options{Deployment: "d", Endpoint: at}, embedding.Auth, "set the variable AZURE_OPENAI_API_KEY"),
			vendortest.Bad("another's host", azure.Options{Deployment: "d", Endpoint: "https://gateway.example"}, embedding.Auth, "Options.KeyEnv"),
			vendortest.Bad("key and token", azure.Options{Deployment: "d", Endpoint: at, Key: vendortest.Key, Token: token}, embedding.Invalid, "leave one out"),
			vendortest.Bad("key in the clear", azure.Options{Deployment: "d", Endpoint: "http://mine.openai.azure.com", Key: vendortest.Key}, embedding.Invalid, "in the clear"),
			vendortest.Bad("token in the clear", azure.Options{Deployment: "d", Endpoint: "http://mine.openai.azure.com", Token: token}, embedding.Invalid, "in the clear"),
			vendortest.Bad("a key of two lines", azure.Options{Deployment: "d", Endpoint: at, Key: "a\nb"}, embedding.Auth, "copy it again"),
		})
}

// TestModel: only the user's assertion decides the space.
func TestModel(t *testing.T) {
	t.Setenv(azure.EndpointVariable, "https://Mine.OpenAI.azure.com/openai/v1/")
	t.Setenv(azure.KeyVariable, "k")
	for _, tc := range []struct {
		o        azure.Options
		provider string
		endpoint string
		space    embedding.Space
		dims     int
	}{
		{o: azure.Options{Deployment: "docs", Model: "text-embedding-3-small"}, provider: "azure", endpoint: "Mine.OpenAI.azure.com", space: "openai/text-embedding-3-small@1536", dims: 1536},
		{o: azure.Options{Deployment: "docs", Model: "text-embedding-3-large", Dimensions: 256}, provider: "azure", endpoint: "Mine.OpenAI.azure.com", space: "openai/text-embedding-3-large@256", dims: 256},
		// A name proves nothing, not even a model's name.
		{o: azure.Options{Deployment: "text-embedding-3-small"}, provider: "mine.openai.azure.com", endpoint: "Mine.OpenAI.azure.com", space: "", dims: 0},
		{o: azure.Options{Deployment: "docs", NativeDimensions: 1024}, provider: "mine.openai.azure.com", endpoint: "Mine.OpenAI.azure.com", space: "mine.openai.azure.com/docs@1024", dims: 1024},
		{o: azure.Options{Deployment: "docs", NativeDimensions: 1024, Space: "mine"}, provider: "mine.openai.azure.com", endpoint: "Mine.OpenAI.azure.com", space: "mine", dims: 1024},
		{o: azure.Options{Deployment: "docs", Model: "text-embedding-3-small", Space: "mine", Endpoint: "https://eu.cognitiveservices.azure.com"}, provider: "azure", endpoint: "eu.cognitiveservices.azure.com", space: "mine", dims: 1536},
	} {
		m := vendortest.Opened(t)(azure.New(tc.o)).Model()
		if m.Provider != tc.provider || m.Endpoint != tc.endpoint || m.Space != tc.space || m.Dimensions != tc.dims || m.ID != tc.o.Deployment || !m.Symmetric {
			t.Errorf("%+v: got %+v, want Provider %v, Endpoint %v, Space %v, Dimensions %v, ID %v, Symmetric true",
				tc.o, m, tc.provider, tc.endpoint, tc.space, tc.dims, tc.o.Deployment)
		}
		if known := tc.o.Model != ""; known != (m.Limits.Texts == 2048) || known != (m.Price.Currency == "USD") || known != m.Normalized {
			t.Errorf("%+v: got %+v, want limits, price and length known: %v", tc.o, m, known)
		}
	}
	ours := vendortest.Opened(t)(openai.New(openai.Options{Model: "text-embedding-3-small", Key: "k", BaseURL: openai.BaseURL}))
	theirs, err := azure.New(azure.Options{Deployment: "docs", Model: "text-embedding-3-small"})
	if err != nil || !ours.Model().Space.Same(theirs.Model().Space) || ours.Model().Variant != theirs.Model().Variant {
		t.Errorf("the spaces of OpenAI's model and of its deployment differ: %v, %v, %v", ours.Model(), theirs, err)
	}
}

// TestSameAsOpenAI: vectors made at OpenAI are found from a deployment of the same model.
func TestSameAsOpenAI(t *testing.T) {
	s := vendortest.Serve(t)(openaitest.New(emulator.Options{Keys: []string{vendortest.Key}}))
	o := vendortest.Opened(t)(openai.New(openai.Options{Model: "text-embedding-3-small", BaseURL: s.URL + openaitest.BasePath, Key: vendortest.Key}))
	_, a := emulate(t, azure.Options{Model: "text-embedding-3-small", APIVersion: "2024-10-21"})
	want, err := embedding.Query(t.Context(), o, "hello")
	expect.NoError(t, err)
	got, err := embedding.Query(t.Context(), a, "hello")
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %d values and the error %v, want the vector of %d values and none", len(got), err, len(want))
	}
}

func TestTokens(t *testing.T) {
	var asked atomic.Int64
	_, e := emulate(t, azure.Options{Token: func(ctx context.Context) (string, error) { asked.Add(1); return token(ctx) }})
	for range 3 {
		_, err := embedding.Query(t.Context(), e, "hi")
		expect.NoError(t, err)
	}
	expect.Equal(t, "times that the token was asked for", asked.Load(), 3)
	ctx, cancel := context.WithCancel(t.Context())
	for _, tc := range []struct {
		name  string
		token func(context.Context) (string, error)
		kind  embedding.Kind
		want  string
	}{
		{"wrong", func(context.Context) (string, error) { return "another-token-0123456789", nil }, embedding.Auth, "not for the scope " + azure.Scope},
		{"none", func(context.Context) (string, error) { return "", nil }, embedding.Auth, "returned none that a header can carry"},
		{"two lines", func(context.Context) (string, error) { return "a\nb", nil }, embedding.Auth, "returned none that a header can carry"},
		{"no credential", func(context.Context) (string, error) { return "", errors.New("no managed identity here") }, embedding.Auth, "no managed identity here"},
		{"no network", func(context.Context) (string, error) { return "", fmt.Errorf("imds: %w", context.DeadlineExceeded) }, embedding.Unavailable, "imds"},
		{"its own kind", func(context.Context) (string, error) {
			return "", &embedding.Error{Kind: embedding.RateLimited, Err: errors.New("slow down")}
		}, embedding.RateLimited, "slow down"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, e := emulate(t, azure.Options{Token: tc.token})
			vendortest.Failure(t, e, []string{"hi"}, tc.kind, tc.want)
		})
	}
	_, e = emulate(t, azure.Options{Token: func(ctx context.Context) (string, error) { cancel(); <-ctx.Done(); return "", ctx.Err() }})
	_, err := embedding.Query(ctx, e, "hi")
	vendortest.Refused(t, "a caller that leaves while the token is made", err, context.Canceled)
}

func TestBadInput(t *testing.T) {
	_, e := emulate(t, azure.Options{Limits: embedding.Limits{Texts: 5000}})
	expect.Equal(t, "allowed", vendortest.Failure(t, e, slices.Repeat([]string{"hi"}, 2049), embedding.TooLarge, "middleware.Batch").Allowed, embedding.Limits{Texts: 2048})
	expect.Equal(t, "allowed", vendortest.Failure(t, e, slices.Repeat([]string{strings.Repeat("a b ", 3000)}, 60), embedding.TooLarge, "middleware.Batch").Allowed, embedding.Limits{Tokens: 300_000})
	vendortest.Failure(t, e, []string{strings.Repeat("a b ", 10_000)}, embedding.Rejected, "shorten or split")
	_, e = emulate(t, azure.Options{Key: "another-key-0123456789"})
	vendortest.Failure(t, e, []string{"hi"}, embedding.Auth, "the key in Options.Key is wrong", "127.0.0.1")
	_, e = emulate(t, azure.Options{Deployment: "text-embedding-3-small"})
	vendortest.Failure(t, e, []string{"hi"}, embedding.Invalid, `no deployment "text-embedding-3-small"`, "not the model's")
	_, e = emulate(t, azure.Options{APIVersion: "1999-01-01"})
	vendortest.Failure(t, e, []string{"hi"}, embedding.Invalid, "the API version 1999-01-01 is wrong")
	_, e = emulate(t, azure.Options{Deployment: "old-1", Dimensions: 256})
	vendortest.Failure(t, e, []string{"hi"}, embedding.Invalid, "leave Options.Dimensions")
	s, e := emulate(t, azure.Options{})
	expect.NoError(t, s.SetFaults(emulator.Fault{Name: emulator.TokenRate}))
	expect.Equal(t, "seconds to wait", vendortest.Failure(t, e, []string{"hi"}, embedding.RateLimited, "raise its quota").RetryAfter.Seconds(), 6)
}

// TestAddresses: what people paste is one address, or an error that says what to write.
func TestAddresses(t *testing.T) {
	const own, gateway = "https://r.services.ai.azure.com", "https://gw.example/azure"
	for endpoint, says := range map[string]string{
		own:                                       "",
		own + "/":                                 "",
		own + "/openai":                           "",
		own + "/openai/":                          "",
		own + "/openai/v1/":                       "",
		gateway:                                   "",
		gateway + "/openai/v1":                    "",
		own + "/api/projects/p":                   "in front of /api/projects",
		own + "/api/projects/p/openai/v1":         "in front of /api/projects",
		own + "/API/Projects/p/openai/v1/":        "in front of /api/projects",
		own + "/api/projects":                     "in front of /api/projects",
		gateway + "/api/projects/p":               "in front of /api/projects",
		own + "/openai/v1/embeddings":             "ends in /embeddings",
		own + "/openai/v1/embeddings/":            "ends in /embeddings",
		own + "/openai/v1/embeddings?api-version": "ends in /embeddings",
		own + "/models":                           "ends in /models",
		own + "/models/embeddings":                "ends in /embeddings",
		own + "/openai/v1/chat/completions":       "ends in /chat/completions",
		own + "/openai/deployments":               "ends in /deployments",
		own + "/openai/deployments/d":             "api_version=",
		gateway + "/openai/v1/embeddings":         "ends in /embeddings",
		own + "/v2":                               "has a path",
	} {
		e, err := azure.New(azure.Options{Deployment: "d", NativeDimensions: 4, Endpoint: endpoint, Key: "k"})
		switch {
		case says == "" && err != nil:
			t.Errorf("%s: got %v, want no error", endpoint, err)
		case says != "" && (!errors.Is(err, embedding.Invalid) || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "such as https://my-resource.openai.azure.com")):
			t.Errorf("%s: got %v, want Invalid: %q and what to write", endpoint, err, says)
		case says == "":
			want := map[bool]embedding.Space{true: "r.services.ai.azure.com/d@4", false: "gw.example~azure/d@4"}[strings.HasPrefix(endpoint, own)]
			expect.Equal(t, "the space of "+endpoint, e.Model().Space, want)
		}
	}
}
