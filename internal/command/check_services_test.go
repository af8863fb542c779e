package command

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"flag"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/check"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/ref"
)

// live is a service to check: an emulator whose requests and answers can be changed on the way.
type live struct {
	service
	emulator *emulator.Server
	base     string
	ask      func(body []byte) []byte                // changes requests; may be nil
	answer   func(h http.Header, body []byte) []byte // changes answers with vectors; may be nil
}

// serve starts the emulator of a service.
func (s service) serve(t *testing.T, o emulator.Options) *live {
	t.Helper()
	s.flags(flag.NewFlagSet(s.name, flag.ContinueOnError), &o)
	server, err := s.open(o)
	expect.NoError(t, err)
	l := &live{service: s, emulator: server}
	front := httptest.NewServer(l)
	t.Cleanup(front.Close)
	l.base = front.URL
	if s.key != "" {
		t.Setenv(s.key, emulator.DefaultKey)
	}
	return l
}

func (l *live) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if l.ask != nil {
		body = l.ask(body)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	got := httptest.NewRecorder()
	l.emulator.ServeHTTP(got, r)
	out := got.Body.Bytes()
	if l.answer != nil && got.Code == http.StatusOK && r.Method == http.MethodPost {
		out = l.answer(got.Header(), out)
	}
	got.Header().Del("Content-Length")
	maps.Copy(w.Header(), got.Header())
	w.WriteHeader(got.Code)
	_, _ = w.Write(out)
}

// reference leads to the service with the facts of the catalog in force.
func (l *live) reference() string {
	switch l.name {
	case "openai": // at another address it would be any server
		return l.service.reference
	case "azure":
		return l.try(l.base) + "&model=text-embedding-3-small"
	}
	return l.try(l.base)
}

// table opens references at the emulator, also those to OpenAI's own address.
func (l *live) table() providers.Table { return detour(map[string]string{"api.openai.com": l.base}) }

// detour is a table of all providers whose requests to a host go to another address.
func detour(hosts map[string]string) providers.Table {
	table := providers.Builtin()
	for name, open := range table {
		table[name] = func(r ref.Ref) (embedding.Embedder, error) {
			if r.Client != nil {
				next := r.Client.Transport
				r.Client = &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
					if to := hosts[req.URL.Host]; to != "" {
						req = req.Clone(req.Context())
						req.URL.Scheme, req.URL.Host = "http", strings.TrimPrefix(to, "http://")
					}
					return next.RoundTrip(req)
				})}
			}
			return open(r)
		}
	}
	return table
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// look checks a reference as the command does, but asks nothing twice. It ends with the finding of
// a name, if one is given.
func (l *live) look(t *testing.T, reference string, until ...string) check.Report {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c, err := check.New(reference, check.Options{Providers: l.table(), Budget: 100, Each: func(f check.Finding) {
		if slices.Contains(until, f.Check) {
			cancel()
		}
	}})
	expect.NoError(t, err)
	r := c.Run(ctx)
	written, err := json.Marshal(r)
	expect.NoError(t, err)
	for _, secret := range []string{emulator.DefaultKey, "warm roof", "sun sea"} {
		if bytes.Contains(written, []byte(secret)) {
			t.Errorf("the report holds %q", secret)
		}
	}
	return r
}

// finding returns the finding of a check.
func finding(r check.Report, name string) check.Finding {
	for _, f := range r.Findings {
		if f.Check == name {
			return f
		}
	}
	return check.Finding{}
}

// found checks the verdict of one check, and that no other differs or could not be asked.
func found(t *testing.T, r check.Report, name string, want check.Verdict, words ...string) {
	t.Helper()
	f := finding(r, name)
	if f.Verdict != want {
		t.Errorf("%s: got %+v, want that it %s", name, f, want)
	}
	holds(t, f.Found+"\n"+f.Reason, words...)
	for _, f := range r.Findings {
		if f.Check != name && amiss(f) {
			t.Errorf("%s: got %+v as well, want nothing else", name, f)
		}
	}
}

// amiss reports whether a finding is none that agrees. What the test has interrupted is not.
func amiss(f check.Finding) bool {
	return f.Verdict == check.Differs || f.Verdict == check.NotAsked && f.Reason != "interrupted"
}

// settled checks that the reference that a report calls right has these options and is right, up to
// the finding of a name.
func (l *live) settled(t *testing.T, r check.Report, until string, options ...string) {
	t.Helper()
	holds(t, r.Right, options...)
	if r.Right == "" {
		t.Errorf("got no reference that is right, want one")
		return
	}
	for _, f := range l.look(t, r.Right, until).Findings {
		if amiss(f) {
			t.Errorf("%s: got %+v, want that everything agrees", r.Right, f)
		}
	}
}

// eachVector changes every vector of an answer, in numbers or in base64.
func eachVector(body []byte, change func(v []float32, packed bool) []float32) []byte {
	return edit(body, func(name string, value any) any {
		switch value := value.(type) {
		case []any:
			v := make([]float32, 0, len(value))
			for _, x := range value {
				n, ok := x.(float64)
				if !ok {
					return value
				}
				v = append(v, float32(n))
			}
			if len(v) == 0 {
				return value
			}
			return change(v, false)
		case string:
			raw, err := base64.StdEncoding.DecodeString(value)
			if name != "embedding" || err != nil || len(raw)%4 != 0 {
				return value
			}
			v := make([]float32, len(raw)/4)
			for i := range v {
				v[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
			}
			raw = nil
			for _, x := range change(v, true) {
				raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
			}
			return base64.StdEncoding.EncodeToString(raw)
		}
		return value
	})
}

// tokenName matches the names of what counts tokens, in bodies and in headers.
var tokenName = regexp.MustCompile(`(?i)token|prompt_eval_count`)

// eachCount changes every count of tokens; a negative one is left out.
func eachCount(change func(n int) int) func(http.Header, []byte) []byte {
	return func(h http.Header, body []byte) []byte {
		for name := range h {
			var n int
			if tokenName.MatchString(name) && json.Unmarshal([]byte(h.Get(name)), &n) == nil {
				h.Del(name)
				if n = change(n); n >= 0 {
					h.Set(name, number(n))
				}
			}
		}
		return edit(body, func(name string, value any) any {
			if n, ok := value.(float64); ok && tokenName.MatchString(name) {
				if n := change(int(n)); n >= 0 {
					return n
				}
				return nil
			}
			return value
		})
	}
}

// edit changes every value of a JSON body, from the leaves up. A member that becomes nil is left
// out.
func edit(body []byte, change func(name string, value any) any) []byte {
	var all any
	if json.Unmarshal(body, &all) != nil {
		return body
	}
	var walk func(name string, v any) any
	walk = func(name string, v any) any {
		switch v := v.(type) {
		case map[string]any:
			for _, k := range slices.Collect(maps.Keys(v)) {
				if v[k] = walk(k, v[k]); v[k] == nil {
					delete(v, k)
				}
			}
		case []any:
			if len(v) == 0 {
				return change(name, v)
			}
			if _, ok := v[0].(float64); !ok {
				for i := range v {
					v[i] = walk(name, v[i])
				}
			}
		}
		return change(name, v)
	}
	out, err := json.Marshal(walk("", all))
	if err != nil {
		return body
	}
	return out
}
