package openai

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/jsonhttp/vendortest"
)

// refusal is a line of testdata/errors.jsonl: an answer of a server, what it has to become, and where it was seen.
// Confidence is A for a capture with its frame, B for one with a part put together, C for an inference.
type refusal struct {
	Server        string `json:"server"`
	Name          string `json:"name"`
	Says          string `json:"says"`
	Status        int    `json:"status"`
	Body          string `json:"body"`
	Kind          string `json:"kind"`
	Code          string `json:"code"`
	AllowedTexts  int    `json:"allowed_texts"`
	AllowedTokens int    `json:"allowed_tokens"`
	Source        string `json:"source"`
	Confidence    string `json:"confidence"`
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

// TestRefusals sends every body of testdata through the whole client.
func TestRefusals(t *testing.T) {
	var now refusal
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "req-1")
		w.WriteHeader(now.Status)
		io.WriteString(w, now.Body)
	}))
	defer srv.Close()
	e, err := New(Options{Model: "m", BaseURL: srv.URL + "/v1", Key: "sk-of-the-test"})
	if err != nil {
		t.Fatal(err)
	}
	for _, now = range refusals(t) {
		t.Run(now.Server+"/"+now.Name, func(t *testing.T) {
			_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a text that must not be shown"}})
			got, ok := errors.AsType[*embedding.Error](err)
			if !ok {
				t.Fatalf("not an *embedding.Error: %v", err)
			}
			if !strings.Contains(err.Error(), now.Says) {
				t.Errorf("the error does not say %q: %v", now.Says, err)
			}
			want := embedding.Limits{Texts: now.AllowedTexts, Tokens: now.AllowedTokens}
			if got.Kind != kindsByName[now.Kind] || got.Code != now.Code || got.RequestID != "req-1" || got.Status != now.Status || got.Allowed != want {
				t.Errorf("got  %s, code %q, request %q, status %d, allowed %+v\nwant %s, code %q, request %q, status %d, allowed %+v\n%v",
					got.Kind, got.Code, got.RequestID, got.Status, got.Allowed, now.Kind, now.Code, "req-1", now.Status, want, err)
			}
			if s := err.Error(); strings.Contains(s, "of-the-test") || strings.Contains(s, "must not be shown") || strings.Contains(s, "<html") {
				t.Errorf("the error shows too much: %s", s)
			}
		})
	}
}

func TestSituations(t *testing.T) {
	vendortest.Situations(t, func(base string) (embedding.Embedder, error) {
		return New(Options{Model: "m", BaseURL: base + "/v1", Key: vendortest.Key})
	}, nil)
}

// TestEveryPatternIsProved fails when a pattern matches no body of testdata.
func TestEveryPatternIsProved(t *testing.T) {
	for _, p := range slices.Concat(tooManyTexts, tooManyTokens, textTooLong, noMoney) {
		if !slices.ContainsFunc(refusals(t), func(r refusal) bool { return p.MatchString(r.Body) }) {
			t.Errorf("no body in testdata matches %s", p)
		}
	}
}
