package dashscope

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/jsonhttp/vendortest"
)

// refusal is a line of testdata/errors.jsonl: an answer of the service, what it has to become, and where it was seen.
// Confidence is A for official documentation or several captures, B for one capture, C for an inference. Where the
// source has code and message only, the frame around them is that of a captured body, its request id included.
type refusal struct {
	Name         string `json:"name"`
	Says         string `json:"says"`
	Status       int    `json:"status"`
	Body         string `json:"body"`
	Kind         string `json:"kind"`
	Code         string `json:"code"`
	RequestID    string `json:"request_id"`
	AllowedTexts int    `json:"allowed_texts"`
	Source       string `json:"source"`
	Confidence   string `json:"confidence"`
}

var kindsByName = map[string]embedding.Kind{
	"Invalid": embedding.Invalid, "Rejected": embedding.Rejected, "TooLarge": embedding.TooLarge, "Auth": embedding.Auth,
	"RateLimited": embedding.RateLimited, "Exhausted": embedding.Exhausted, "Unavailable": embedding.Unavailable,
	"Malformed": embedding.Malformed,
}

func refusals(t *testing.T) []refusal {
	f, err := os.Open("testdata/errors.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []refusal
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r refusal
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if r.Source == "" || r.Confidence == "" || kindsByName[r.Kind] == embedding.Unknown {
			t.Fatalf("%s: no source, no confidence or no kind", r.Name)
		}
		all = append(all, r)
	}
	return all
}

// TestRefusals sends every body of testdata through the whole client. Bodies of both APIs come from both.
func TestRefusals(t *testing.T) {
	for name, native := range map[string]bool{"compatible": false, "native": true} {
		t.Run(name, func(t *testing.T) { testRefusals(t, native) })
	}
}

func testRefusals(t *testing.T, native bool) {
	var now refusal
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(now.Status)
		io.WriteString(w, now.Body)
	}))
	defer srv.Close()
	e, err := New(Options{Model: "text-embedding-v4", BaseURL: srv.URL, Region: "intl", Key: "sk-test", Native: native})
	if err != nil {
		t.Fatal(err)
	}
	for _, now = range refusals(t) {
		t.Run(now.Name, func(t *testing.T) {
			_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a text that must not be shown"}})
			got, ok := errors.AsType[*embedding.Error](err)
			if !ok {
				t.Fatalf("not an *embedding.Error: %v", err)
			}
			if !strings.Contains(err.Error(), now.Says) {
				t.Errorf("the error does not say %q: %v", now.Says, err)
			}
			if got.Kind != kindsByName[now.Kind] || got.Code != now.Code || got.RequestID != now.RequestID ||
				got.Status != now.Status || got.Allowed != (embedding.Limits{Texts: now.AllowedTexts}) {
				t.Errorf("got  %s, code %q, request %q, status %d, allowed %+v\nwant %s, code %q, request %q, status %d, %d texts\n%v",
					got.Kind, got.Code, got.RequestID, got.Status, got.Allowed, now.Kind, now.Code, now.RequestID, now.Status, now.AllowedTexts, err)
			}
			if s := err.Error(); strings.Contains(s, "sk-test") || strings.Contains(s, "must not be shown") || strings.Contains(s, "<html") {
				t.Errorf("the error shows too much: %s", s)
			}
		})
	}
}

func TestSituations(t *testing.T) {
	for name, native := range map[string]bool{"compatible": false, "native": true} {
		t.Run(name, func(t *testing.T) {
			vendortest.Situations(t, func(base string) (embedding.Embedder, error) {
				return New(Options{Model: "text-embedding-v4", BaseURL: base, Key: vendortest.Key, Native: native})
			}, nil)
		})
	}
}

// TestEveryCodeIsCovered fails when a code is classified without a body that proves it.
func TestEveryCodeIsCovered(t *testing.T) {
	seen := make(map[string]bool)
	for _, r := range refusals(t) {
		seen[strings.ToLower(r.Code)] = true
	}
	for code := range kinds {
		if !seen[code] {
			t.Errorf("no body in testdata has the code %q", code)
		}
	}
}

// TestWrongKeySaysBoth is what users lose hours on: the service's words for a key of another region are those for a wrong one.
func TestWrongKeySaysBoth(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"error":{"message":"Incorrect API key provided.","type":"invalid_request_error","param":null,"code":"invalid_api_key"},"request_id":"9a13b9eb"}`)
	}))
	defer srv.Close()
	t.Setenv(KeyVariable, "sk-of-another-region")
	e, err := New(Options{Model: "text-embedding-v4", BaseURL: srv.URL, Region: "intl"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = embedding.Query(t.Context(), e, "hello")
	if !errors.Is(err, embedding.Auth) {
		t.Fatal(err)
	}
	for _, want := range []string{"DASHSCOPE_API_KEY", "is wrong", "another region", "intl", "Singapore", strings.TrimPrefix(srv.URL, "http://"), "9a13b9eb"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}
