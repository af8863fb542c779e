package main

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
)

func TestLaws(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(serve))
	defer server.Close()
	embedtest.Test(t, func(*testing.T) embedtest.Subject {
		return embedtest.Subject{Embedder: newAcme(server.URL, server.Client())}
	})
}

func TestErrors(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer server.Close()
	_, err := embedding.Query(t.Context(), newAcme(server.URL, server.Client()), "text")
	e, ok := errors.AsType[*embedding.Error](err)
	if !ok || e.Kind != embedding.RateLimited || e.RetryAfter != 7*time.Second || e.Provider != "acme" {
		t.Errorf("got %v", err)
	}
}

// The documents say that a provider takes about 60 lines, and show this one.
func TestProviderIsShort(t *testing.T) {
	data, err := os.ReadFile("provider.go")
	if lines := bytes.Count(data, []byte("\n")); err != nil || lines > 65 {
		t.Errorf("%d lines, %v", lines, err)
	}
}

func Example() {
	server := httptest.NewServer(http.HandlerFunc(serve))
	defer server.Close()
	if err := run(server.URL); err != nil {
		panic(err)
	}
	// Output: 100 vectors of acme/small-1@4 by 4 requests, 40 texts at no cost
}
