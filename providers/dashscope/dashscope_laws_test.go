package dashscope_test

import (
	"net/http"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestLaws(t *testing.T) {
	for name, o := range map[string]dashscope.Options{
		"plain":     {Model: "text-embedding-v4", Dimensions: 64},
		"text type": {Model: "text-embedding-v4", Dimensions: 64, TextType: true},
	} {
		t.Run(name, func(t *testing.T) {
			embedtest.Test(t, func(t *testing.T) embedtest.Subject {
				s, base := emulate(t)
				return embedtest.Subject{Embedder: open(t, base, o), Ledger: func() embedding.Usage { return s.Ledger().Usage() }}
			})
		})
	}
}

func TestHTTP(t *testing.T) {
	embedtest.TestHTTP(t, func(t *testing.T, baseURL string, client *http.Client) embedding.Embedder {
		return vendortest.Opened(t)(dashscope.New(dashscope.Options{Model: "text-embedding-v4", BaseURL: baseURL, Key: embedtest.TestKey, HTTPClient: client, AllowHTTP: true}))
	})
}
