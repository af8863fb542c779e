package openai_test

import (
	"net/http"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/openai"
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
				o.Model, o.BaseURL, o.Key, o.Limits.Texts = "text-embedding-v4", base, dashscopetest.DefaultKey, 10
				e, err := openai.New(o)
				if err != nil {
					t.Fatal(err)
				}
				return embedtest.Subject{Embedder: e, Ledger: func() embedding.Usage { return s.Ledger().Usage() }}
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
				e, err := openai.New(o)
				if err != nil {
					t.Fatal(err)
				}
				return e
			})
		})
	}
}
