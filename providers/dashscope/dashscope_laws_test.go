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
	emulate := func(t *testing.T, o dashscope.Options) (*vendortest.Emulator, embedding.Embedder) {
		s, base := emulate(t)
		return s, open(t, base, o)
	}
	vendortest.Laws(t, emulate, map[string]dashscope.Options{
		"plain":     {Model: "text-embedding-v4", Dimensions: 64},
		"text type": {Model: "text-embedding-v4", Dimensions: 64, TextType: true},
	})
}

func TestHTTP(t *testing.T) {
	embedtest.TestHTTP(t, func(t *testing.T, baseURL string, client *http.Client) embedding.Embedder {
		return vendortest.Opened(t)(dashscope.New(dashscope.Options{Model: "text-embedding-v4", BaseURL: baseURL, Key: embedtest.TestKey, HTTPClient: client, AllowHTTP: true}))
	})
}
