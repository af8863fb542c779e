// Package vendortest is what the tests of all providers share: laws, error bodies and their
// sources, emulators over HTTP, and bad options.
package vendortest

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/emulator"
)

// Key is a key that no error may show.
const Key = "key-of-the-emulator-51c0ffee"

// Refusal is a line of testdata/errors.jsonl: a server's answer, the error that it must become, and
// where it was seen.
type Refusal struct {
	Server        string            `json:"server"` // for a provider of many servers
	Name          string            `json:"name"`
	Case          string            `json:"case"` // its situation, if it is one
	Status        int               `json:"status"`
	Headers       map[string]string `json:"headers"`
	Body          string            `json:"body"`
	Kind          string            `json:"kind"`
	Code          string            `json:"code"`
	RequestID     string            `json:"request_id"` // in the body; "" means the header's
	AllowedTexts  int               `json:"allowed_texts"`
	AllowedTokens int               `json:"allowed_tokens"`
	AllowedText   int               `json:"allowed_text_tokens"`
	RetryAfter    string            `json:"retry_after"` // as time.ParseDuration takes it
	Says          string            `json:"says"`        // the advice in the error
	Origin
}

var kinds = map[string]embedding.Kind{
	"Invalid": embedding.Invalid, "Rejected": embedding.Rejected, "TooLarge": embedding.TooLarge, "Auth": embedding.Auth,
	"RateLimited": embedding.RateLimited, "Exhausted": embedding.Exhausted, "Unavailable": embedding.Unavailable,
	"Malformed": embedding.Malformed,
}

// Read returns the lines of testdata/errors.jsonl. Each must name its origin.
func Read(t *testing.T) []Refusal {
	t.Helper()
	all, err := readFile("testdata/errors.jsonl")
	expect.NoError(t, err)
	return all
}

// readFile is [Read] for the errors.jsonl of any provider.
func readFile(name string) ([]Refusal, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var all []Refusal
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var r Refusal
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := r.Check(); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", name, r.Name, err)
		}
		if kinds[r.Kind] == embedding.Unknown {
			return nil, fmt.Errorf("%s: %s: there is no kind %q", name, r.Name, r.Kind)
		}
		all = append(all, r)
	}
	if len(all) == 0 && lines.Err() == nil {
		return nil, fmt.Errorf("%s is empty", name)
	}
	return all, lines.Err()
}

// Laws runs the laws for a provider with each of the options. emulate opens it with its emulator.
func Laws[O any](t *testing.T, emulate func(*testing.T, O) (*Emulator, embedding.Embedder), all map[string]O) {
	t.Helper()
	for name, o := range all {
		t.Run(name, func(t *testing.T) {
			embedtest.Test(t, func(t *testing.T) embedtest.Subject {
				s, e := emulate(t, o)
				return embedtest.Subject{Embedder: e, Ledger: s.Usage}
			})
		})
	}
}

// Refusals sends every body of testdata/errors.jsonl through a whole provider, which open opens
// with [Key], and then tests the situations that all vendors share. none says why some cannot
// occur.
func Refusals(t *testing.T, open func(baseURL string) (embedding.Embedder, error), none map[string]string) {
	t.Helper()
	situations(t, open, none)
	hostile(t, open)
	var now Refusal
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if now.RequestID == "" {
			w.Header().Set("X-Request-Id", "req-1")
		}
		for name, value := range now.Headers {
			w.Header().Set(name, value)
		}
		w.WriteHeader(now.Status)
		_, _ = io.WriteString(w, now.Body)
	}))
	defer srv.Close()
	e, err := open(srv.URL)
	expect.NoError(t, err)
	for _, now = range Read(t) {
		t.Run(path.Join(now.Server, now.Name), func(t *testing.T) {
			_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a text that must not be shown"}})
			got, ok := errors.AsType[*embedding.Error](err)
			if !ok {
				t.Fatalf("not an *embedding.Error: %v", err)
			}
			after, _ := time.ParseDuration(now.RetryAfter)
			allowed := embedding.Limits{Texts: now.AllowedTexts, Tokens: now.AllowedTokens, TextTokens: now.AllowedText}
			if got.Kind != kinds[now.Kind] || got.Code != now.Code || got.RequestID != cmp.Or(now.RequestID, "req-1") || got.Status != now.Status ||
				got.Allowed != allowed || got.RetryAfter != after {
				t.Errorf("got  %s, code %q, request %q, status %d, allowed %+v, retry after %v\nwant %s, code %q, request %q, status %d, allowed %+v, retry after %v\n%v",
					got.Kind, got.Code, got.RequestID, got.Status, got.Allowed, got.RetryAfter, now.Kind, now.Code, now.RequestID, now.Status, allowed, after, err)
			}
			if !strings.Contains(err.Error(), now.Says) {
				t.Errorf("the error does not say %q: %v", now.Says, err)
			}
			if s := err.Error(); strings.Contains(s, Key) || strings.Contains(s, "must not be shown") || strings.Contains(s, "<html") {
				t.Errorf("the error shows too much: %s", s)
			}
		})
	}
}

// Proved fails the test for every pattern that matches no body of testdata/errors.jsonl.
func Proved(t *testing.T, patterns ...*regexp.Regexp) {
	t.Helper()
	all := Read(t)
	unquoted := strings.NewReplacer(`\"`, `"`, `\n`, "\n")
	for _, p := range patterns {
		if !slices.ContainsFunc(all, func(r Refusal) bool { return p.MatchString(unquoted.Replace(r.Body)) }) {
			t.Errorf("no body in testdata matches %s", p)
		}
	}
}

// Emulator is an emulator behind an HTTP server.
type Emulator struct {
	*emulator.Server
	URL string

	mu   sync.Mutex
	last []byte
}

// Serve serves an emulator until the test ends. Its result takes what an emulator's New returns.
func Serve(t *testing.T) func(s *emulator.Server, err error) *Emulator {
	return func(s *emulator.Server, err error) *Emulator {
		t.Helper()
		expect.NoError(t, err)
		e := &Emulator{Server: s}
		srv := httptest.NewServer(e)
		t.Cleanup(srv.Close)
		e.URL = srv.URL
		return e
	}
}

func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	e.mu.Lock()
	e.last = body
	e.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	e.Server.ServeHTTP(w, r)
}

// Last returns the body of the last request.
func (e *Emulator) Last() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return string(e.last)
}

// Usage returns what the emulator has billed.
func (e *Emulator) Usage() embedding.Usage { return e.Ledger().Usage() }

// NoNetwork returns a client that fails the test if it is used.
func NoNetwork(t *testing.T) *http.Client {
	return &http.Client{Transport: RoundTrip(func(*http.Request) (*http.Response, error) {
		t.Error("the network was used")
		return nil, errors.New("no network here")
	})}
}

// RoundTrip is a function as an [http.RoundTripper].
type RoundTrip func(*http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f RoundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// BadOption is a case that New must refuse.
type BadOption[O any] struct {
	Name    string
	Options O
	Kind    embedding.Kind
	Want    string // words of the error
}

// BadOptions tests that open refuses each case.
func BadOptions[O any](t *testing.T, open func(O) (embedding.Embedder, error), all []BadOption[O]) {
	t.Helper()
	for _, tc := range all {
		t.Run(tc.Name, func(t *testing.T) {
			_, err := open(tc.Options)
			if !errors.Is(err, tc.Kind) || err != nil && !strings.Contains(err.Error(), tc.Want) {
				t.Errorf("got %v, want: %v, %q", err, tc.Kind, tc.Want)
			}
			if err != nil && strings.Contains(err.Error(), Key) {
				t.Errorf("the key is in the error: %v", err)
			}
		})
	}
}

// Failure returns the error of embedding texts, which must have a kind and contain all of words.
func Failure(t *testing.T, e embedding.Embedder, texts []string, kind embedding.Kind, words ...string) *embedding.Error {
	t.Helper()
	_, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
	got, ok := errors.AsType[*embedding.Error](err)
	if !ok || got.Kind != kind {
		t.Fatalf("got %v, want: %v", err, kind)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error does not say %q: %v", w, err)
		}
	}
	if strings.Contains(err.Error(), Key) {
		t.Errorf("the key is in the error: %v", err)
	}
	return got
}

// Bad returns a [BadOption].
func Bad[O any](name string, o O, kind embedding.Kind, want string) BadOption[O] {
	return BadOption[O]{Name: name, Options: o, Kind: kind, Want: want}
}

// Strings reads the body of a request and returns the list in one of its members.
func Strings(t *testing.T, r *http.Request, member string) (list []string) {
	t.Helper()
	var body map[string]json.RawMessage
	expect.NoError(t, json.NewDecoder(r.Body).Decode(&body))
	expect.NoError(t, json.Unmarshal(body[member], &list))
	return list
}

// Opened returns the Embedder that a vendor's New made. Its result takes what New returns.
func Opened(t testing.TB) func(e embedding.Embedder, err error) embedding.Embedder {
	return func(e embedding.Embedder, err error) embedding.Embedder {
		t.Helper()
		expect.NoError(t, err)
		return e
	}
}

// Refused fails the test unless err is of a kind, or is another error that is wanted, and contains
// all of words. A want of nil is any error. what names the case.
func Refused(t *testing.T, what string, err, want error, words ...string) {
	t.Helper()
	if err == nil || want != nil && !errors.Is(err, want) {
		t.Errorf("%s: got the error %v, want: %v", what, err, want)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: the error does not say %q: %v", what, w, err)
		}
	}
}

// Receives checks that the emulator gets body as the request of a provider, and returns what comes
// of it.
func (e *Emulator) Receives(t *testing.T, from embedding.Embedder, req embedding.Request, body string) embedding.Response {
	t.Helper()
	res, err := from.Embed(t.Context(), req)
	if err != nil {
		t.Errorf("got the error %v, want none", err)
	}
	if e.Last() != body {
		t.Errorf("sent %s\nwant %s", e.Last(), body)
	}
	return res
}

// Rows lists the vectors of an answer, each in the form of %s in around. What is none is null.
func Rows(items []embedtest.WireItem, around string) string {
	rows := make([]string, len(items))
	for i, item := range items {
		if rows[i] = "null"; item.Vector != "" {
			rows[i] = fmt.Sprintf(around, item.Vector)
		}
	}
	return strings.Join(rows, ",")
}
