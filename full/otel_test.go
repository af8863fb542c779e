package full_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/full"
	"github.com/vecspace/embedding/internal/expect"
)

// receiver is an OTLP receiver that answers with a status and records what it receives.
func receiver(t *testing.T, status int) (address string, paths func() []string) {
	t.Helper()
	var mu sync.Mutex
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, r.URL.Path)
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []string {
		mu.Lock()
		defer mu.Unlock()
		slices.Sort(got)
		return slices.Compact(got)
	}
}

func telemetry(t *testing.T, address string) *config.Set {
	t.Helper()
	s, err := config.Read(strings.NewReader("telemetry: {otel: '"+address+"'}\nembedders: {a: {reference: static:base}}"), full.Parts())
	expect.NoError(t, err)
	e, err := s.Embedder("a")
	expect.NoError(t, err)
	_, err = embedding.Query(t.Context(), e, "text")
	expect.NoError(t, err)
	return s
}

// Closing the Set sends the spans and the numbers that are left.
func TestOTel(t *testing.T) {
	address, paths := receiver(t, http.StatusOK)
	expect.NoError(t, telemetry(t, address+"/base/").Close())
	expect.Equal(t, "paths", paths(), []string{"/base/v1/metrics", "/base/v1/traces"})
}

// A receiver that refuses fails no call, only Close.
func TestOTelRefused(t *testing.T) {
	address, _ := receiver(t, http.StatusBadRequest)
	expect.Says(t, "the error", telemetry(t, address).Close(), "did not accept the last telemetry")
}

func TestOTelRefuses(t *testing.T) {
	for _, address := range []string{"localhost:4318", "grpc://localhost", "http://", "http://u:secret@localhost", "http://localhost?key=secret", "http://a b"} {
		_, err := config.Read(strings.NewReader("telemetry: {otel: '"+address+"'}\nembedders: {a: {reference: static:base}}"), full.Parts())
		if err == nil || !strings.Contains(err.Error(), "is not a URL such as http://localhost:4318") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got the error %v, want that it is no URL, without the secret", address, err)
		}
	}
}
