package dashscope

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

// If the source of a body has only its code and message, the frame and the request id come from a
// captured body. Bodies of both APIs have sources in both.
func TestRefusals(t *testing.T) {
	for name, native := range map[string]bool{"compatible": false, "native": true} {
		t.Run(name, func(t *testing.T) { vendortest.Refusals(t, open(native), nil) })
	}
}

func FuzzAnswers(f *testing.F) { vendortest.FuzzAnswers(f, open(false)) }

func FuzzNativeAnswers(f *testing.F) { vendortest.FuzzAnswers(f, open(true)) }

func open(native bool) func(string) (embedding.Embedder, error) {
	return func(base string) (embedding.Embedder, error) {
		return New(Options{Model: "text-embedding-v4", BaseURL: base, Region: "intl", Key: vendortest.Key, Native: native})
	}
}

// TestEveryCodeIsCovered fails when a code is classified without a body that proves it.
func TestEveryCodeIsCovered(t *testing.T) {
	seen := make(map[string]bool)
	for _, r := range vendortest.Read(t) {
		seen[strings.ToLower(r.Code)] = true
	}
	for code := range kinds {
		if !seen[code] {
			t.Errorf("no body in testdata has the code %q", code)
		}
	}
}

// TestWrongKeySaysBoth is what users lose hours on: the service's words for a key of another region
// are those for a wrong one.
func TestWrongKeySaysBoth(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"error":{"message":"Incorrect API key provided.","type":"invalid_request_error","param":null,"code":"invalid_api_key"},"request_id":"9a13b9eb"}`)
	}))
	defer srv.Close()
	t.Setenv(KeyVariable, "sk-of-another-region")
	e := vendortest.Opened(t)(New(Options{Model: "text-embedding-v4", BaseURL: srv.URL, Region: "intl"}))
	_, err := embedding.Query(t.Context(), e, "hello")
	if !errors.Is(err, embedding.Auth) {
		t.Fatalf("got %v, want %v", err, embedding.Auth)
	}
	for _, want := range []string{"DASHSCOPE_API_KEY", "is wrong", "another region", "intl", "Singapore", strings.TrimPrefix(srv.URL, "http://"), "9a13b9eb"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}
