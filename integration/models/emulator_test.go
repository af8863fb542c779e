package models

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai/presettest"
)

// The emulator of llama.cpp gives every request the server's own answer: status, words, members and
// their order.
func TestLlamaEmulator(t *testing.T) {
	const key = "sk-of-this-test"
	emulator, err := presettest.New("llamacpp", emulator.Options{Model: "tiny", Keys: []string{key}})
	expect.NoError(t, err)
	e := httptest.NewServer(emulator)
	t.Cleanup(e.Close)
	base := strings.TrimSuffix(servers.LlamaWithKey(t, key).URL, "/v1")
	quoted := func(text string) string { b, _ := json.Marshal(text); return string(b) }
	for name, tc := range map[string]struct{ method, path, key, body string }{
		"two texts":          {"POST", "/v1/embeddings", key, `{"model":"tiny","input":["a","b"]}`},
		"one text":           {"POST", "/v1/embeddings", key, `{"model":"tiny","input":"a"}`},
		"base64":             {"POST", "/v1/embeddings", key, `{"model":"tiny","input":["a"],"encoding_format":"base64"}`},
		"another name":       {"POST", "/v1/embeddings", key, `{"model":"another","input":["a"]}`},
		"no name":            {"POST", "/v1/embeddings", key, `{"input":["a"]}`},
		"an empty text":      {"POST", "/v1/embeddings", key, `{"model":"tiny","input":[""]}`},
		"token ids":          {"POST", "/v1/embeddings", key, `{"model":"tiny","input":[[10,11],[12]]}`},
		"ids of one text":    {"POST", "/v1/embeddings", key, `{"model":"tiny","input":[10,11]}`},
		"dimensions":         {"POST", "/v1/embeddings", key, `{"model":"tiny","input":["a"],"dimensions":16}`},
		"no texts":           {"POST", "/v1/embeddings", key, `{"model":"tiny","input":[]}`},
		"no input":           {"POST", "/v1/embeddings", key, `{"model":"tiny"}`},
		"another format":     {"POST", "/v1/embeddings", key, `{"model":"tiny","input":["a"],"encoding_format":"int8"}`},
		"a text too long":    {"POST", "/v1/embeddings", key, `{"model":"tiny","input":["a",` + quoted(tokens(600)) + `]}`},
		"no JSON":            {"POST", "/v1/embeddings", key, `{"model":`},
		"another key":        {"POST", "/v1/embeddings", "sk-another", `{"model":"tiny","input":["a"]}`},
		"another path":       {"POST", "/v2/embeddings", key, `{"model":"tiny","input":["a"]}`},
		"another method":     {"GET", "/v1/embeddings", key, ``},
		"path and key wrong": {"POST", "/v2/embeddings", "sk-another", `{}`},
	} {
		ask := func(base string) (int, string) {
			t.Helper()
			r, err := http.NewRequestWithContext(t.Context(), tc.method, base+tc.path, strings.NewReader(tc.body))
			expect.NoError(t, err)
			r.Header.Set("Authorization", "Bearer "+tc.key)
			r.Header.Set("Content-Type", "application/json")
			res, err := http.DefaultClient.Do(r)
			expect.NoError(t, err)
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			expect.NoError(t, err)
			return res.StatusCode, outline(string(body))
		}
		status, want := ask(base)
		if got, body := ask(e.URL); got != status || body != want {
			t.Errorf("%s: the server answers %d %s\nthe emulator %d %s", name, status, want, got, body)
		}
	}
}

var (
	numbers = regexp.MustCompile(`[-0-9][-+.0-9e]*`)
	vectors = regexp.MustCompile(`\[N(,N)*\]|"[A-Za-z0-9+/]{40,}=*"`)
	unnamed = regexp.MustCompile(`"/[^"]*/tiny.gguf"`) // the server's name for its model if a request names none
)

// outline is a body without its numbers and vectors.
func outline(body string) string {
	body = unnamed.ReplaceAllString(body, `"tiny"`)
	return vectors.ReplaceAllStringFunc(numbers.ReplaceAllString(body, "N"), func(s string) string {
		if s[0] == '[' {
			return "[...]"
		}
		return `"..."`
	})
}
