// Package strangers shows jobs to servers that nobody has seen: their words, statuses and frames
// are in none of our tables, and one text of 2,000 makes each of them fail.
package strangers

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/ollama"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/tei"
)

const texts = 2_000

// textOf returns a text of which a stranger's vector can be told.
func textOf(i int) string { return fmt.Sprintf("%d leagues below the lighthouse", i) }

// vectorOf returns a stranger's vector of a text.
func vectorOf(text string) [3]float32 {
	n, _, _ := strings.Cut(text, " ")
	i, _ := strconv.Atoi(n) // the texts are ours
	sin, cos := math.Sincos(float64(i) / texts)
	return [3]float32{float32(cos), float32(sin), 0} // of unit length, as the models of some providers
}

// server is one stranger.
type server struct {
	poison string // the text that it fails for
	frame  func(texts []string, poison int) string
	sick   func(texts []string) (*http.Response, error) // nil means that the frame shows the poison

	mu       sync.Mutex
	requests int
	down     time.Time     // until then it refuses connections
	dies     time.Duration // how long it is down after the poison
}

// RoundTrip answers a request of OpenAI's, TEI's or Ollama's form.
func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	_ = r.Body.Close()
	var body struct {
		Input  []string `json:"input"`
		Inputs []string `json:"inputs"`
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return nil, err
	}
	texts := append(body.Input, body.Inputs...)
	time.Sleep(30 * time.Millisecond) // in virtual time
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if time.Now().Before(s.down) {
		return nil, syscall.ECONNREFUSED
	}
	for i, text := range texts {
		if text != s.poison {
			continue
		}
		s.down = time.Now().Add(s.dies)
		if s.sick != nil {
			return s.sick(texts)
		}
		return answer(http.StatusOK, "application/json", s.frame(texts, i)), nil
	}
	return answer(http.StatusOK, "application/json", s.frame(texts, -1)), nil
}

func answer(status int, contentType, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Status: strconv.Itoa(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {contentType}}, ContentLength: int64(len(body)),
		Body: io.NopCloser(strings.NewReader(body)),
	}
}

func says(status int, contentType, body string) func([]string) (*http.Response, error) {
	return func([]string) (*http.Response, error) { return answer(status, contentType, body), nil }
}

// openAI is OpenAI's frame, in an order of its own, indented, and with things nobody asked for.
func openAI(texts []string, poison int) string {
	var b strings.Builder
	b.WriteString("\ufeff\n\t{ \"took\": {\"queue\": [1, {\"ms\": 2}]},\n\t\"data\": [\n")
	for k := range texts {
		i := len(texts) - 1 - k
		v := vectorOf(texts[i])
		first := fmt.Sprintf("%ve0", v[0])
		if i == poison {
			first = "NaN"
		}
		fmt.Fprintf(&b, "\t\t{\"note\": \"[0, 1]\", \"embedding\": [ %s , %v,\n%v ], \"index\": %d }", first, v[1], v[2], i)
		if k < len(texts)-1 {
			b.WriteString(",")
		}
	}
	b.WriteString("\n\t], \"mood\": null }\n")
	return b.String()
}

// rows is TEI's frame.
func rows(texts []string, poison int) string {
	all := make([]string, len(texts))
	for i, text := range texts {
		v := vectorOf(text)
		if all[i] = fmt.Sprintf("[\n%v , %v, %v ]", v[0], v[1], v[2]); i == poison {
			all[i] = "[NaN, -Infinity, 0]"
		}
	}
	return " [" + strings.Join(all, " ,\r\n") + "]\r\n"
}

// named is Ollama's frame.
func named(texts []string, poison int) string {
	return `{"hoi": [], "embeddings":` + rows(texts, poison) + `, "model": "m", "prompt_eval_count": 7}`
}

// provider is one client of a stranger, with the stranger's frame.
type provider struct {
	name  string
	open  func(*http.Client) (embedding.Embedder, error)
	frame func(texts []string, poison int) string
}

func providers() []provider {
	const address = "http://127.0.0.1:9999"
	return []provider{
		{"openai", func(h *http.Client) (embedding.Embedder, error) {
			return openai.New(openai.Options{Model: "m", BaseURL: address + "/v1", Key: "a-key-of-a-test", HTTPClient: h})
		}, openAI},
		{"tei", func(h *http.Client) (embedding.Embedder, error) {
			return tei.New(tei.Options{Model: "m", BaseURL: address, Plain: true, HTTPClient: h})
		}, rows},
		{"ollama", func(h *http.Client) (embedding.Embedder, error) {
			return ollama.New(ollama.Options{Model: "m", BaseURL: address, Plain: true, HTTPClient: h})
		}, named},
	}
}

// TestStrangers: of 2,000 texts with one poison text 1,999 have their vectors, wherever the poison
// is, for the price of a few requests and in a few minutes.
func TestStrangers(t *testing.T) {
	for _, tc := range []struct {
		name string
		sick func(texts []string) (*http.Response, error)
		dies time.Duration
		more int // requests beyond those of a job without a poison text; 0 means 40
	}{
		{name: "a language of its own", sick: says(446, "text/plain", "Vrul plonk dessi: karrap umtik'ne, zo brimma \"tolk\".\n")},
		{name: "200 with an odd error", sick: says(200, "application/json", `{"outcome":{"happy":false,"grumbles":[["kettle",{"cold":17}]]},"vectors":null}`)},
		{name: "a page under 500", sick: says(500, "text/html; charset=utf-8", "<!doctype html><html><body><h1>Gremlins!</h1><p>The boiler room has been told.</p></body></html>")},
		{name: "a reset", sick: func([]string) (*http.Response, error) { return nil, syscall.ECONNRESET }},
		{name: "NaN in an unusual frame"},
		{name: "it dies for 0.9 s", dies: 900 * time.Millisecond, more: 200, // requests beside the poison fail too
			sick: func([]string) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }},
		{name: "it echoes the request", sick: func(texts []string) (*http.Response, error) {
			return answer(417, "text/plain", "krrk! "+strings.Join(texts, "|")), nil
		}},
	} {
		for _, p := range providers() {
			for _, at := range []int{0, 7, 1_001, texts - 1} {
				t.Run(fmt.Sprintf("%s/%s/%d", tc.name, p.name, at), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := &server{poison: textOf(at), frame: p.frame, sick: tc.sick, dies: tc.dies}
						job(t, p, s, at, cmp.Or(tc.more, 40))
					})
				})
			}
		}
	}
}

// job embeds all texts at the server, of which the one at the place is poison.
func job(t *testing.T, p provider, s *server, at, more int) {
	raw, err := p.open(&http.Client{Transport: s})
	expect.NoError(t, err)
	e := embedding.Chain(raw, middleware.Standard(middleware.StandardOptions{}))
	req := embedding.Request{}
	for i := range texts {
		req.Texts = append(req.Texts, textOf(i))
	}
	began := time.Now()
	res, err := e.Embed(t.Context(), req)
	took, requests := time.Since(began), s.requests
	partial, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || len(partial.Failed) != 1 || partial.Failed[0].Index != at {
		t.Fatalf("got %v after %d requests and %v, want an error of text %d alone", err, requests, took, at)
	}
	if why := partial.Failed[0].Err; !errors.Is(why, embedding.Rejected) && !errors.Is(why, embedding.Malformed) {
		t.Errorf("text %d: got %v, want Rejected", at, why)
	}
	got := embedding.Salvage(res, err).Vectors
	for i, text := range req.Texts {
		if want := vectorOf(text); i != at && (len(got[i]) != len(want) || [3]float32(got[i]) != want) {
			t.Fatalf("text %d: got the vector %v, want %v", i, got[i], want)
		}
	}
	per := raw.Model().Limits.Texts
	if per == 0 {
		per = 64
	}
	if most := (texts+per-1)/per + more; requests > most || took > 2*time.Minute {
		t.Errorf("got %d requests in %v, want at most %d in 2m", requests, took, most)
	}
	t.Logf("%d requests of at most %d texts, %v, %v", requests, per, took.Round(time.Millisecond), partial.Failed[0].Err)
}
