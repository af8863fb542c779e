package models

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/integration/internal/servers"
)

// proxy stands between a provider and a model server and records what the server computes. To the
// client it looks like the server: if the server breaks a connection, so does the proxy.
type proxy struct {
	base string
	url  string // base and /v1

	mu       sync.Mutex
	computed map[string]int // how often a text reached the server
	usage    embedding.Usage
	inFlight int
	most     int // of inFlight
	answered int // requests, whatever the status
	broke    int // requests that reached the server and got no answer
	unserved int // requests that found no server, or a dying one
	restart  bool
	notify   func(answered int)
}

// watch puts a proxy in front of s. It refuses a body of more than limit bytes, as web servers in
// front of applications do. A limit of 0 means none.
func watch(t *testing.T, s *servers.Server, limit int) *proxy {
	t.Helper()
	p := &proxy{computed: map[string]int{}}
	// Each request is a connection of its own: it reached the server or it did not.
	server := &http.Transport{DisableKeepAlives: true}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the client has gone
		}
		if limit > 0 && len(body) > limit {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			io.WriteString(w, "<html><head><title>413 Request Entity Too Large</title></head><body></body></html>")
			return
		}
		restart := p.begin()
		res, answer, err := forward(server, r, "http://"+s.Addr+r.URL.Path, body)
		p.end(body, answer, err, restart)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", res.Header.Get("Content-Type"))
		w.WriteHeader(res.StatusCode)
		w.Write(answer)
	}))
	t.Cleanup(front.Close)
	p.base, p.url = front.URL, front.URL+"/v1"
	return p
}

func forward(server *http.Transport, r *http.Request, url string, body []byte) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(r.Context(), r.Method, url, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	req.Header = r.Header.Clone()
	res, err := server.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res, answer, err
}

// restarting says whether the server is being killed and started again. A request that begins
// meanwhile and breaks off is computed by nobody: the system accepts connections for a dying
// process, which reads nothing any more.
func (p *proxy) restarting(now bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.restart = now
}

func (p *proxy) begin() (restart bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inFlight++
	p.most = max(p.most, p.inFlight)
	return p.restart
}

func (p *proxy) end(body, answer []byte, err error, restart bool) {
	var asked struct{ Input []string }
	if json.Unmarshal(body, &asked) != nil {
		panic(fmt.Sprintf("the provider sent %q", body))
	}
	var said struct {
		Usage *struct {
			Tokens int `json:"prompt_tokens"`
		}
		Count *int `json:"prompt_eval_count"` // of Ollama's own API
	}
	_ = json.Unmarshal(answer, &said) // a refusal has no usage
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inFlight--
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" || err != nil && restart {
		p.unserved++
		return
	}
	for _, text := range asked.Input {
		p.computed[text]++
	}
	if err != nil {
		p.broke++
		return
	}
	p.answered++
	switch {
	case said.Usage != nil:
		p.usage = p.usage.Add(embedding.Usage{Requests: 1, Tokens: said.Usage.Tokens})
	case said.Count != nil:
		p.usage = p.usage.Add(embedding.Usage{Requests: 1, Tokens: *said.Count})
	}
	if p.notify != nil {
		p.notify(p.answered)
	}
}

func (p *proxy) ledger() embedding.Usage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.usage
}

// requests returns how many reached the server.
func (p *proxy) requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.answered + p.broke
}

// numbered returns n different texts in several scripts.
func numbered(n int) []string {
	kinds := []string{"document number %d", "Überprüfung %d der Straße", "第%d号文件", "эта строка %d", "n\u0303u\u0301mero %d 👩‍👩‍👧", "مستند %d"}
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf(kinds[i%len(kinds)], i)
	}
	return texts
}

// tokens returns a text of n tokens and a few for the tiny model.
func tokens(n int) string { return strings.TrimSpace(strings.Repeat("hello ", n)) }
