package clients

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/server"
)

// picky rejects one text, as providers with a filter do.
func picky(e embedding.Embedder) embedding.Embedder {
	return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		for _, text := range req.Texts {
			if text == "BAD" {
				return embedding.Response{}, e.Model().Errorf(embedding.Rejected, "a text is filtered")
			}
		}
		return e.Embed(ctx, req)
	})
}

// hurried refuses each new text for the first time, and says when to come back.
func hurried(e embedding.Embedder) embedding.Embedder {
	var seen sync.Map
	return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		if _, known := seen.LoadOrStore(req.Texts[0], true); !known {
			return embedding.Response{}, &embedding.Error{Kind: embedding.RateLimited, RetryAfter: time.Second, Err: errors.New("too fast")}
		}
		return e.Embed(ctx, req)
	})
}

// serveTo runs a script, with the clients that it is told, against a server and compares what they
// report.
func serveTo(t *testing.T, language func(testing.TB, ...string) *exec.Cmd, script string, clients []string, all map[string]want) {
	e, err := providers.Open("static:base")
	expect.NoError(t, err)
	few := middleware.Batch(middleware.BatchOptions{Limits: embedding.Limits{Texts: 100}})
	secret, hash := server.NewKey()
	file := filepath.Join(t.TempDir(), "keys")
	expect.NoError(t, os.WriteFile(file, []byte("test "+hash+"\n"), 0o600))
	keys, err := server.OpenKeys(file, "")
	expect.NoError(t, err)
	s, err := server.New(server.Options{Keys: keys, Default: "text-embedding-3-small", Models: map[string]server.Model{
		"text-embedding-3-small": {Embedder: embedding.Chain(e, few, picky), Lengths: []int{64}}, "limited": {Embedder: hurried(e)},
	}})
	expect.NoError(t, err)
	srv := httptest.NewServer(s)
	defer srv.Close()
	dir := t.TempDir()
	expect.NoError(t, os.CopyFS(dir, scripts))
	cmd := language(t, append([]string{filepath.Join(dir, script), srv.URL, secret}, clients...)...)
	cmd.Env = append(cmd.Env, "NO_PROXY=127.0.0.1")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &errs)
	}
	var got map[string]result
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("got the output below, want JSON: %v\n%s", err, out)
	}
	for name, w := range all {
		r, ok := got[name]
		if !ok {
			t.Errorf("%s: the script has no such case", name)
			continue
		}
		delete(got, name)
		r.Attempts = max(1, w.attempts) // the server does not count them
		if err := w.check(r); err != nil || strings.Contains(r.Said, secret) {
			t.Errorf("%s: %v\n%+v", name, err, r)
		}
	}
	for name := range got {
		t.Errorf("%s: the test says nothing of this case", name)
	}
}

// wanted are the results that every client shares, under its name.
func wanted(client string, bad, key want) map[string]want {
	return map[string]want{
		client + " 1": {value: "1"}, client + " 1000": {value: "1000"}, client + " 2048": {value: "2048"},
		client + " bad text": bad, client + " wrong key": key,
	}
}

// The clients get a vector for each of 2,048 texts, and their own exceptions with the place of a
// rejected text, for a wrong key and after Retry-After.
func TestServer(t *testing.T) {
	const at = "input[1] was rejected: a text is filtered"
	t.Run("openai", func(t *testing.T) {
		all := wanted("openai", want{raised: "BadRequestError", status: 400, code: "text_rejected", says: at}, want{raised: "AuthenticationError", status: 401, code: "invalid_api_key"})
		maps.Copy(all, map[string]want{
			"openai limited": {value: "1", seconds: 1}, "openai dimensions": {value: "64"}, "openai bits": {value: "true"},
			"openai bad dimensions": {raised: "BadRequestError", status: 400, says: "has 64, 256"},
			"openai token ids":      {raised: "BadRequestError", status: 400, says: "check_embedding_ctx_length=False"},
			"openai no texts":       {raised: "BadRequestError", status: 400, says: "'$.input' is invalid"},
			"openai models":         {value: `["limited","text-embedding-3-small"]`},
		})
		serveTo(t, servers.OpenAIClient, "server_client.py", []string{"openai"}, all)
	})
	t.Run("vendors", func(t *testing.T) {
		all := wanted("cohere", want{raised: "BadRequestError", status: 400, says: at}, want{raised: "UnauthorizedError", status: 401, says: "is not one of this server's"})
		maps.Copy(all, wanted("voyage", want{raised: "InvalidRequestError", status: 400, says: at}, want{raised: "AuthenticationError", status: 401}))
		maps.Copy(all, wanted("dashscope", want{raised: "Refused", status: 400, code: "DataInspectionFailed", says: at}, want{raised: "Refused", status: 401, code: "InvalidApiKey"}))
		maps.Copy(all, map[string]want{
			"cohere below its name": {value: "3"}, "cohere dimensions": {value: "64"}, "cohere int8": {value: "true"}, "cohere ubinary": {value: "true"},
			"voyage dimensions": {value: "64"}, "dashscope dimensions": {value: "64"},
		})
		serveTo(t, servers.Clients, "server_client.py", []string{"cohere", "voyage", "dashscope"}, all)
	})
	t.Run("frameworks", func(t *testing.T) {
		bad, key := want{raised: "BadRequestError", status: 400, code: "text_rejected", says: at}, want{raised: "AuthenticationError", status: 401}
		all := wanted("langchain", bad, key)
		maps.Copy(all, wanted("llama-index", bad, key))
		// This client does not look at the status, so an error's body is what fails, as with TEI.
		maps.Copy(all, wanted("llama-index tei", want{raised: "ValidationError", says: "1 of 3 texts r"}, want{raised: "JSONDecodeError"}))
		maps.Copy(all, wanted("ollama", want{raised: "ResponseError", status: 400, says: at}, want{raised: "ResponseError", status: 401}))
		maps.Copy(all, wanted("gemini", want{raised: "ClientError", says: at}, want{raised: "ClientError", says: "is not one of this server's"}))
		maps.Copy(all, map[string]want{
			"langchain limited": {value: "1", seconds: 1}, "langchain dimensions": {value: "64"},
			"langchain token ids":    {raised: "BadRequestError", status: 400, says: "check_embedding_ctx_length=False"},
			"llama-index dimensions": {value: "64"}, "ollama dimensions": {value: "64"}, "gemini dimensions": {value: "64"}, "gemini query": {value: "1"},
			"ollama empty text": {raised: "ResponseError", status: 400, says: "no texts"}, "ollama models": {value: `["limited","text-embedding-3-small"]`},
		})
		serveTo(t, servers.Frameworks, "server_client.py", []string{"langchain", "llamaindex", "ollama", "gemini"}, all)
	})
	t.Run("node", func(t *testing.T) {
		all := map[string]want{"openai bits": {value: "true"}}
		for _, client := range []string{"openai", "langchain"} {
			maps.Copy(all, wanted(client, want{raised: "BadRequestError", status: 400, code: "text_rejected", says: at}, want{raised: "AuthenticationError", status: 401, code: "invalid_api_key"}))
			maps.Copy(all, map[string]want{client + " dimensions": {value: "64"}, client + " limited": {value: "1", seconds: 1}})
		}
		serveTo(t, servers.Node, "server_client.mjs", nil, all)
	})
}
