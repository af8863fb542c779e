package openai_test

import (
	"net/http"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/openai/openaitest"
	"github.com/vecspace/embedding/providers/openai/presettest"
)

func TestLaws(t *testing.T) {
	for name, o := range map[string]openai.Options{
		"float":              {Dimensions: 64},
		"base64":             {Dimensions: 64, EncodingFormat: "base64"},
		"unknown dimensions": {},
	} {
		t.Run(name, func(t *testing.T) {
			embedtest.Test(t, func(t *testing.T) embedtest.Subject {
				s, base := emulate(t)
				o.Model, o.BaseURL, o.Key, o.Limits.Texts = "text-embedding-v4", base, emulator.DefaultKey, 10
				e := vendortest.Opened(t)(openai.New(o))
				return embedtest.Subject{Embedder: e, Ledger: func() embedding.Usage { return s.Ledger().Usage() }}
			})
		})
	}
}

// The laws hold with OpenAI's own emulator and models too, and with Mistral's, which is the same
// wire.
func TestLawsOfVendors(t *testing.T) {
	keys := []string{"key-of-the-emulator-51c0ffee"}
	for name, tc := range map[string]struct {
		o    openai.Options
		open func() (*emulator.Server, error)
	}{
		"small":         {openai.Options{Model: "text-embedding-3-small", Dimensions: 256}, func() (*emulator.Server, error) { return openaitest.New(emulator.Options{Keys: keys}) }},
		"large, floats": {openai.Options{Model: "text-embedding-3-large", EncodingFormat: "float"}, func() (*emulator.Server, error) { return openaitest.New(emulator.Options{Keys: keys}) }},
		"mistral":       {openai.Options{Model: "mistral-embed", NativeDimensions: 1024}, func() (*emulator.Server, error) { return presettest.New("mistral", emulator.Options{Keys: keys}) }},
	} {
		t.Run(name, func(t *testing.T) {
			embedtest.Test(t, func(t *testing.T) embedtest.Subject {
				s := vendortest.Serve(t)(tc.open())
				o := tc.o
				o.BaseURL, o.Key = s.URL+openaitest.BasePath, keys[0]
				e := vendortest.Opened(t)(openai.New(o))
				return embedtest.Subject{Embedder: e, Ledger: s.Usage}
			})
		})
	}
}

func TestHTTP(t *testing.T) {
	for name, o := range map[string]openai.Options{
		"dimensions sent":    {Dimensions: 16},
		"dimensions unknown": {},
	} {
		t.Run(name, func(t *testing.T) {
			embedtest.TestHTTP(t, func(t *testing.T, baseURL string, client *http.Client) embedding.Embedder {
				o.Model, o.BaseURL, o.Key, o.HTTPClient, o.AllowHTTP = "m", baseURL, embedtest.TestKey, client, true
				return vendortest.Opened(t)(openai.New(o))
			})
		})
	}
}
