package clients

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/server"
)

// at is what a client has to show of its second text, which the provider rejects.
const at = "input[1] was rejected: a text is filtered"

// repeats is the cell of a client that asks again once it may.
var repeats = want{value: "1", seconds: 1}

// served are the clients, and what each makes of the same eight things, which are its row: 1, 1,000
// and 2,048 texts, shorter vectors, all their bits, another key (401), too fast (429 with
// Retry-After: 1) and a rejected text.
var served = []struct {
	name          string
	format        string // encoding_format on the wire, or why there is none
	key, fast     want
	bad           want
	undimensioned string          // why it has no word for dimensions; "": it has
	more          map[string]want // cases of its own
}{
	{name: "openai", format: "base64", key: want{raised: "AuthenticationError", status: 401, code: "invalid_api_key"}, fast: repeats,
		bad: want{raised: "BadRequestError", status: 400, code: "text_rejected", says: at}, more: openAIs("openai")},
	{name: "openai2", format: "base64", key: want{raised: "AuthenticationError", status: 401, code: "invalid_api_key"}, fast: repeats,
		bad: want{raised: "BadRequestError", status: 400, code: "text_rejected", says: at}, more: openAIs("openai2")},
	{name: "litellm", format: "none: it sends one only when told", key: want{raised: "BadRequestError", status: 401}, fast: repeats,
		bad: want{raised: "BadRequestError", status: 400, says: at}, more: map[string]want{"litellm base64": {value: "true"}}},
	{name: "langchain", format: "base64", key: want{raised: "AuthenticationError", status: 401, code: "invalid_api_key"}, fast: repeats,
		bad: want{raised: "BadRequestError", status: 400, code: "text_rejected", says: at}},
	{name: "langchain-ids", format: "base64", key: want{raised: "AuthenticationError", status: 401, code: "invalid_api_key"}, fast: repeats,
		bad:  want{raised: "BadRequestError", status: 400, code: "text_rejected", says: at},
		more: map[string]want{"langchain-ids undecoded": {raised: "BadRequestError", status: 400, says: "check_embedding_ctx_length=False"}}},
	{name: "llama-index", format: "base64", key: want{raised: "AuthenticationError", status: 401, code: "invalid_api_key"}, fast: repeats,
		bad: want{raised: "BadRequestError", status: 400, code: "text_rejected", says: at}},
	{name: "node-openai", format: "base64", key: want{raised: "AuthenticationError", status: 401, code: "invalid_api_key"}, fast: repeats,
		bad: want{raised: "BadRequestError", status: 400, code: "text_rejected", says: at}},
	{name: "node-langchain", format: "base64", key: want{raised: "AuthenticationError", status: 401, code: "invalid_api_key"}, fast: repeats,
		bad: want{raised: "BadRequestError", status: 400, code: "text_rejected", says: at}},
	{name: "node-ai", format: "float", key: want{raised: "APICallError", status: 401, code: "invalid_api_key"}, fast: repeats,
		bad: want{raised: "APICallError", status: 400, code: "text_rejected", says: at}},
	// This client does not look at the status, so an error's body is what fails, as with TEI.
	{name: "llama-index-tei", format: "none: TEI's own path has numbers only", key: want{raised: "JSONDecodeError"}, fast: want{raised: "ValidationError"},
		bad: want{raised: "ValidationError", says: "1 of 3 texts r"}, undimensioned: "neither the client nor TEI's own path has a field for it"},
	{name: "cohere", format: "none: the field is embedding_types", key: want{raised: "UnauthorizedError", status: 401, says: "is not one of this server's"}, fast: repeats,
		bad: want{raised: "BadRequestError", status: 400, says: at}, more: map[string]want{
			"cohere base64": {value: "true"}, "cohere below its name": {value: "3"}, "cohere int8": {value: "true"}, "cohere ubinary": {value: "true"},
		}},
	{name: "voyage", format: "base64", key: want{raised: "AuthenticationError", status: 401}, fast: want{raised: "RateLimitError", status: 429, after: "1"},
		bad: want{raised: "InvalidRequestError", status: 400, says: at}},
	{name: "dashscope", format: "none: the native path has numbers only", key: want{raised: "Refused", status: 401, code: "InvalidApiKey"},
		fast: want{raised: "Refused", status: 429, code: "Throttling.RateQuota"}, bad: want{raised: "Refused", status: 400, code: "DataInspectionFailed", says: at}},
	{name: "ollama", format: "none: the service has numbers only", key: want{raised: "ResponseError", status: 401}, fast: want{raised: "ResponseError", status: 429},
		bad: want{raised: "ResponseError", status: 400, says: at}, more: map[string]want{
			"ollama empty text": {raised: "ResponseError", status: 400, says: "no texts"}, "ollama models": {value: `["limited","text-embedding-3-small","undecoded"]`},
		}},
	{name: "gemini", format: "none: the service has numbers only", key: want{raised: "ClientError", says: "is not one of this server's"}, fast: want{raised: "ClientError", after: "1"},
		bad: want{raised: "ClientError", says: at}, more: map[string]want{"gemini query": {value: "1"}}},
}

// openAIs are the cases of OpenAI's own client.
func openAIs(name string) map[string]want {
	return map[string]want{
		name + " bad dimensions": {raised: "BadRequestError", status: 400, says: "has 1 to 256"},
		name + " token ids":      {value: "2"},
		name + " no texts":       {raised: "BadRequestError", status: 400, says: "'$.input' is invalid"},
		name + " models":         {value: `["limited","text-embedding-3-small","undecoded"]`},
	}
}

// TestServer runs each client, unmodified, against the program with every part.
func TestServer(t *testing.T) {
	program := filepath.Join(t.TempDir(), "vecspace")
	if out, err := exec.Command("go", "build", "-C", "../../full", "-o", program, "./cmd/vecspace").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, g := range map[string]struct {
		language func(testing.TB, ...string) *exec.Cmd
		script   string
		args     []string // what the script calls the clients
		clients  []string
	}{
		"openai":     {servers.OpenAIClient, "server_client.py", []string{"openai"}, []string{"openai"}},
		"litellm":    {servers.LiteLLM, "server_client.py", []string{"openai2", "litellm"}, []string{"openai2", "litellm"}},
		"vendors":    {servers.Clients, "server_client.py", []string{"cohere", "voyage", "dashscope"}, []string{"cohere", "voyage", "dashscope"}},
		"frameworks": {servers.Frameworks, "server_client.py", []string{"langchain", "llamaindex", "ollama", "gemini"}, []string{"langchain", "langchain-ids", "llama-index", "llama-index-tei", "ollama", "gemini"}},
		"node":       {servers.Node, "server_client.mjs", nil, []string{"node-openai", "node-langchain", "node-ai"}},
	} {
		t.Run(name, func(t *testing.T) {
			base, secret := serve(t, program)
			heard := &listener{heard: map[string]*heard{}}
			between := httptest.NewServer(heard.to(base))
			defer between.Close()
			got := report(t, g.language, g.script, append([]string{between.URL, secret}, g.args...)...)
			all := map[string]want{}
			for _, c := range served {
				if !slices.Contains(g.clients, c.name) {
					continue
				}
				maps.Copy(all, map[string]want{
					c.name + " 1": {value: "1"}, c.name + " 1000": {value: "1000"}, c.name + " 2048": {value: "2048"}, c.name + " bits": {value: "true"},
					c.name + " dimensions": {value: "64"}, c.name + " 401": c.key, c.name + " 429": c.fast, c.name + " bad text": c.bad,
				})
				if c.undimensioned != "" {
					all[c.name+" dimensions"] = want{raised: "AssertionError"}
				}
				maps.Copy(all, c.more)
				if err := heard.check(c.name, c.format, c.fast.value != ""); err != nil {
					t.Errorf("%s: %v", c.name, err)
				}
			}
			for name, r := range got {
				r.Attempts = max(1, all[name].attempts) // the listener counts them
				if got[name] = r; strings.Contains(r.Said, secret) {
					t.Errorf("%s: the error has the key", name)
				}
			}
			compare(t, got, all)
		})
	}
}

// serve starts the program in front of a provider, with a key, and returns its address.
func serve(t *testing.T, program string) (base, secret string) {
	t.Helper()
	dir := t.TempDir()
	upstream := httptest.NewServer(provider(t))
	t.Cleanup(upstream.Close)
	secret, hash := server.NewKey()
	keys, file := filepath.Join(dir, "keys"), filepath.Join(dir, "embedders.yaml")
	expect.NoError(t, os.WriteFile(keys, []byte("test "+hash+"\n"), 0o600))
	reference := func(model string) string {
		return fmt.Sprintf("openai:%s?base_url=%s/v1&native_dimensions=256", model, upstream.URL)
	}
	expect.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `default: text-embedding-3-small
embedders:
  text-embedding-3-small: {reference: %q, allow_truncate: true, batch: {texts: 100}}
  undecoded: {reference: %q}
  limited: {reference: %q, tokens: cl100k_base, retry: {attempts: 1}}
`, reference("plain"), reference("plain"), reference("limited")), 0o600))
	cmd := exec.Command(program, "serve", "-config", file, "-keys", keys, "-addr", "127.0.0.1:0", "-ops", "off")
	out, err := cmd.StdoutPipe()
	expect.NoError(t, err)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	expect.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil || errs.Len() > 0 {
			t.Errorf("got %v and the words below, want an orderly end\n%s", err, &errs)
		}
	})
	greeting := make([]byte, 4096)
	n, err := out.Read(greeting) // it is one write
	expect.NoError(t, err)
	base = regexp.MustCompile(`http://[0-9.:]+`).FindString(string(greeting[:n]))
	if base == "" {
		t.Fatalf("got the greeting below, want an address\n%s", greeting[:n])
	}
	return base, secret
}

// provider is a service with the vectors of the local model. It rejects one text, as those with a
// filter do, and its model limited refuses each new text for the first time.
func provider(t *testing.T) http.Handler {
	e, err := providers.Open("static:base")
	expect.NoError(t, err)
	var seen sync.Map
	picky := embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		if slices.Contains(req.Texts, "BAD") {
			return embedding.Response{}, e.Model().Errorf(embedding.Rejected, "a text is filtered")
		}
		return e.Embed(ctx, req)
	})
	hurried := embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		if _, known := seen.LoadOrStore(req.Texts[0], true); !known {
			return embedding.Response{}, &embedding.Error{Kind: embedding.RateLimited, RetryAfter: time.Second, Err: errors.New("too fast")}
		}
		return e.Embed(ctx, req)
	})
	s, err := server.New(server.Options{Models: map[string]server.Model{"plain": {Embedder: picky}, "limited": {Embedder: hurried}}})
	expect.NoError(t, err)
	return s
}

// listener passes requests on to the program and notes what goes over the wire.
type listener struct {
	mu    sync.Mutex
	heard map[string]*heard // by the client
}

type heard struct {
	formats  map[string]int // encoding_format of requests
	statuses []int          // of answers from the model limited
	waits    []string       // Retry-After of those that are 429
}

// to makes /NAME/path the path of the server for the client of that name.
func (l *listener) to(base string) http.Handler {
	target, _ := url.Parse(base) // it is an address
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			_, rest, _ := strings.Cut(strings.TrimPrefix(r.In.URL.Path, "/"), "/")
			r.Out.URL.Path, r.Out.URL.RawPath = "/"+rest, ""
			r.SetURL(target)
		},
		ModifyResponse: func(res *http.Response) error {
			h := l.of(res.Request.Header.Get("X-Test-Client"))
			l.mu.Lock()
			defer l.mu.Unlock()
			if res.Request.Header.Get("X-Test-Limited") != "" {
				h.statuses = append(h.statuses, res.StatusCode)
				if res.StatusCode == http.StatusTooManyRequests {
					h.waits = append(h.waits, res.Header.Get("Retry-After"))
				}
			}
			return nil
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var in struct {
			Model  string
			Format *string `json:"encoding_format"`
		}
		if json.Unmarshal(body, &in) == nil && in.Format != nil {
			h := l.of(name)
			l.mu.Lock()
			h.formats[*in.Format]++
			l.mu.Unlock()
		}
		r.Header.Set("X-Test-Client", name)
		if in.Model == "limited" || strings.Contains(r.URL.Path, "/limited") {
			r.Header.Set("X-Test-Limited", "true")
		}
		proxy.ServeHTTP(w, r)
	})
}

func (l *listener) of(name string) *heard {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.heard[name] == nil {
		l.heard[name] = &heard{formats: map[string]int{}}
	}
	return l.heard[name]
}

// check holds what went over a client's wire to the format that it asks for, and to the wait that
// it was told.
func (l *listener) check(client, format string, repeats bool) error {
	h := l.of(client)
	switch {
	case strings.HasPrefix(format, "none: ") && len(h.formats) > 0, !strings.HasPrefix(format, "none: ") && h.formats[format] < 5:
		return fmt.Errorf("got the formats %v on the wire, want %s", h.formats, format)
	case !slices.Equal(h.waits, []string{"1"}):
		return fmt.Errorf("got Retry-After %q, want 1", h.waits)
	case !slices.Equal(h.statuses, []int{429}) && !repeats, !slices.Equal(h.statuses, []int{429, 200}) && repeats:
		return fmt.Errorf("got the statuses %v, want 429 and, if it repeats, 200", h.statuses)
	}
	return nil
}
