package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// A key is made once, in a file that only its owner reads, and works at once.
func TestServeNewKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	var secrets []string
	for _, name := range []string{"one", "two"} {
		code, out, errs := vecspace(t, "", "serve", "-keys", file, "-new-key", name)
		ended(t, code, 0, out+errs, "vs-")
		secrets = append(secrets, strings.TrimSpace(out))
	}
	text, err := os.ReadFile(file)
	expect.NoError(t, err)
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("got the file %v, %v, want mode 0600", info, err)
	}
	if strings.Contains(string(text), "vs-") || strings.Count(string(text), "\n") != 2 {
		t.Errorf("got the file below, want two lines without secrets\n%s", text)
	}
	code, _, errs := vecspace(t, "", "serve", "-keys", file, "-new-key", "one")
	ended(t, code, 1, errs, "line 3: the name or the hash is that of an earlier line")
	s := startServe(t, "-keys", file)
	holds(t, s.greeting, `-H "Authorization: Bearer $VECSPACE_KEY"`)
	for key, want := range map[string]int{secrets[0]: 200, secrets[1]: 200, "vs-wrong": 401, "": 401} {
		if got, _ := s.send(t, "POST", "/v1/embeddings", key, `{"input":"a"}`); got != want {
			t.Errorf("key %.6s: got %d, want %d", key, got, want)
		}
	}
}

// A file says what is served, and flags override it.
func TestServeConfig(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "embedders.yaml")
	expect.NoError(t, os.WriteFile(file, []byte(`
default: short
server: {address: "192.0.2.1:1", operations: "off", texts: 2, in_flight: 3, timeout: 6s}
embedders:
  search: {reference: static:base, aliases: [short], cache: {}}
  cut: {reference: "static:base?dimensions=128", allow_truncate: true}
`), 0o600))
	code, _, errs := vecspace(t, "", "serve", "-config", file)
	ended(t, code, 2, errs, "-addr 192.0.2.1:1 can be reached from other machines")
	log := filepath.Join(dir, "access.jsonl")
	s := startServe(t, "-config", file, "-access-log", log)
	holds(t, s.greeting, "vecspace serves cut, search at ")
	for body, want := range map[string]struct {
		status int
		says   string
	}{
		`{"input":"a"}`: {200, `"model":"search"`},
		`{"input":["a","b","c"],"model":"short"}`:       {400, "3 texts, and 2 are allowed"},
		`{"input":"a","model":"cut","dimensions":7}`:    {200, `"model":"cut"`},
		`{"input":"a","model":"short","dimensions":7}`:  {400, "has 64, 128, 256"},
		`{"input":"a","model":"short","dimensions":64}`: {200, `"model":"short"`},
	} {
		if got, answer := s.send(t, "POST", "/v1/embeddings", "", body); got != want.status || !strings.Contains(answer, want.says) {
			t.Errorf("%s: got %d and %.200s, want %d and %q", body, got, answer, want.status, want.says)
		}
	}
	code, _, errs = s.stop()
	ended(t, code, 0, errs)
	lines, err := os.ReadFile(log)
	expect.NoError(t, err)
	expect.Equal(t, "lines of the access log", strings.Count(string(lines), "\n"), 5)
	for line := range strings.Lines(string(lines)) {
		var l struct {
			Status int
			Model  string
			Wire   string
			ID     string
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Status == 0 || l.Model == "" || l.Wire != "openai" || l.ID == "" {
			t.Errorf("got the line %s (%v), want a request", line, err)
		}
	}
}

// The first lines say that a model's card asks for prefixes, unless the reference has them.
func TestServeSaysThatPrefixesAreMissing(t *testing.T) {
	vllm := startService(t, "vllm", "-model", "intfloat/multilingual-e5-small")
	defer vllm.stop()
	reference := "vllm:intfloat/multilingual-e5-small?base_url=" + vllm.base + "/v1"
	for args, want := range map[string]bool{reference: true, reference + "&prefix=e5": false, "static:base": false} {
		s := startServe(t, args)
		s.stop()
		if got := strings.Contains(s.errs.String(), "asks for prefixes of queries and documents, and none are set: add prefix=e5"); got != want {
			t.Errorf("%s: got on stderr %q, and prefixes are missing: %v", args, s.errs, want)
		}
	}
}
