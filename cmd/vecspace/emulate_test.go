package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

// greeted is an output that says when the first thing was written to it.
type greeted struct {
	mu    sync.Mutex
	text  bytes.Buffer
	first chan struct{}
}

func (g *greeted) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.text.Len() == 0 {
		close(g.first)
	}
	return g.text.Write(p)
}

func (g *greeted) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.text.String()
}

// running is a "vecspace emulate" on a free port of the loopback.
type running struct {
	base, greeting string
	out, errs      *greeted
	cancel         context.CancelFunc
	ended          chan int
}

func start(t *testing.T, args ...string) *running {
	t.Helper()
	return startService(t, "dashscope", args...)
}

func startService(t *testing.T, service string, args ...string) *running {
	t.Helper()
	e := &running{out: &greeted{first: make(chan struct{})}, errs: &greeted{first: make(chan struct{})}, ended: make(chan int, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	e.cancel = cancel
	t.Cleanup(cancel)
	args = append([]string{"emulate", service, "-addr", "127.0.0.1:0"}, args...)
	go func() { e.ended <- run(ctx, args, streams{strings.NewReader(""), e.out, e.errs}) }()
	select {
	case <-e.out.first:
	case code := <-e.ended:
		t.Fatalf("exit code %d\n%s", code, e.errs)
	}
	e.greeting = e.out.String()
	e.base = regexp.MustCompile(`http://[0-9.:]+`).FindString(e.greeting)
	return e
}

// stop ends it and returns its exit code and what it wrote after the greeting.
func (e *running) stop() (code int, out, errs string) {
	e.cancel()
	code = <-e.ended
	return code, strings.TrimPrefix(e.out.String(), e.greeting), e.errs.String()
}

// send sends a request and returns the answer's status, 0 if there is none, and body.
func (e *running) send(t *testing.T, method, path, key, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, e.base+path, strings.NewReader(body))
	expect.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, ""
	}
	defer res.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(res.Body); err != nil {
		return 0, ""
	}
	return res.StatusCode, b.String()
}

func (e *running) ask(t *testing.T, key, body string) int {
	t.Helper()
	status, _ := e.send(t, "POST", dashscopetest.CompatiblePath, key, body)
	return status
}

func (e *running) ledger(t *testing.T) (l emulator.Ledger) {
	t.Helper()
	if _, body := e.send(t, "GET", emulator.ControlPath+"ledger", "", ""); json.Unmarshal([]byte(body), &l) != nil {
		t.Fatal(body)
	}
	return l
}

const (
	texts = `{"model":"text-embedding-v4","input":["a","b"]}`
	one   = `{"model":"text-embedding-v4","input":"a"}`
)

func TestEmulate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ledger.json")
	e := start(t, "-ledger", file)
	for _, want := range []string{
		"DashScope emulator, region intl, at " + e.base + "\n",
		"  export DASHSCOPE_API_KEY=sk-test\n",
		"  export DASHSCOPE_COMPATIBLE_BASE_URL=" + e.base + "/compatible-mode/v1\n",
		"  export DASHSCOPE_HTTP_BASE_URL=" + e.base + "/api/v1\n",
		e.base + emulator.ControlPath,
	} {
		if !strings.Contains(e.greeting, want) {
			t.Errorf("%q is not in\n%s", want, e.greeting)
		}
	}
	if a, b, c := e.ask(t, "sk-test", texts), e.ask(t, "sk-test", texts), e.ask(t, "sk-other", texts); a != 200 || b != 200 || c != 401 {
		t.Error("wrong answers", a, b, c)
	}
	if l := e.ledger(t); l.Requests != 3 || l.Texts != 4 {
		t.Errorf("%+v", l)
	}
	code, out, errs := e.stop()
	if code != 0 || errs != "" {
		t.Error(code, errs)
	}
	words := strings.Join(strings.Fields(out), " ")
	for _, want := range []string{"requests 3 at most 1 at a time", "200 2 OK", "401 1 Unauthorized", "billed requests 2",
		"billed texts 4 2 different, 2 of them more than once", "lost 0 ", "repeated 2 ", "billed tokens 4"} {
		if !strings.Contains(words, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	var l emulator.Ledger
	if data, err := os.ReadFile(file); err != nil || json.Unmarshal(data, &l) != nil || l.Requests != 3 || l.Texts != 4 || l.Answers[401] != 1 {
		t.Errorf("%v, %+v", err, l)
	}
	if c, err := net.Dial("tcp", strings.TrimPrefix(e.base, "http://")); err == nil {
		c.Close()
		t.Error("it still listens")
	}
}

// Every service greets with a reference that leads to it, and bills what the reference then embeds.
func TestEmulateEveryService(t *testing.T) {
	for _, s := range services() {
		t.Run(s.name, func(t *testing.T) {
			e := startService(t, s.name, "-key", "key-of-the-test-0123", "-rpm", "60000", "-latency", "1ns")
			quoted := regexp.MustCompile(`vecspace embed '(.*)'`).FindStringSubmatch(e.greeting)
			if quoted == nil {
				t.Fatal(e.greeting)
			}
			ref := quoted[1]
			if s.key == "" { // none is asked for by default
				t.Setenv("KEY_OF_THE_PROXY", "key-of-the-test-0123")
				ref += "&key_env=KEY_OF_THE_PROXY"
			} else {
				t.Setenv(s.key, "key-of-the-test-0123")
			}
			code, out, errs := vecspace(t, "bread and flour\na proof by induction\n", "embed", ref)
			if code != 0 || strings.Count(out, "\n") != 2 {
				t.Fatalf("%s: exit code %d\n%s", ref, code, errs)
			}
			if l := e.ledger(t); l.Texts != 2 || l.Billed == 0 {
				t.Errorf("%+v", l)
			}
			if code, out, errs := e.stop(); code != 0 || errs != "" || !strings.Contains(out, "billed texts") {
				t.Error(code, out, errs)
			}
		})
	}
}

// The variables that DashScope's emulator greets with lead both of the service's APIs to it.
func TestEmulateNative(t *testing.T) {
	e := start(t)
	for _, line := range regexp.MustCompile(`export (\S+)=(\S+)`).FindAllStringSubmatch(e.greeting, -1) {
		t.Setenv(line[1], line[2])
	}
	for _, ref := range []string{"dashscope:text-embedding-v4", "dashscope:text-embedding-v4?native=true"} {
		if code, _, errs := vecspace(t, "bread\n", "embed", ref); code != 0 {
			t.Errorf("%s: exit code %d\n%s", ref, code, errs)
		}
	}
	if l := e.ledger(t); l.Texts != 2 || l.Requests != 2 {
		t.Errorf("%+v", l)
	}
}

// A preset's own reference leads to its emulator, with its own variable, and a server that people run has the model that it is told.
func TestEmulatePresets(t *testing.T) {
	e := startService(t, "mistral")
	if !strings.Contains(e.greeting, "'mistral:mistral-embed?base_url="+e.base+"/v1&key_env=MISTRAL_API_KEY'") {
		t.Error(e.greeting)
	}
	e = startService(t, "zhipu")
	t.Setenv("ZHIPUAI_API_KEY", "sk-test")
	if code, _, errs := vecspace(t, "bread\n", "embed", "zhipu:embedding-3?dimensions=256&base_url="+e.base+"/api/paas/v4"); code != 0 {
		t.Error(code, errs)
	}
	e = startService(t, "vllm", "-model", "acme/base")
	if code, _, errs := vecspace(t, "bread\n", "embed", "vllm:acme/base?base_url="+e.base+"/v1"); code != 0 || !strings.Contains(e.greeting, "'vllm:acme/base?base_url=") {
		t.Error(code, errs, e.greeting)
	}
	if code, _, errs := vecspace(t, "bread\n", "embed", "vllm:acme/other?base_url="+e.base+"/v1"); code != 1 || !strings.Contains(errs, "does not exist") {
		t.Error(code, errs)
	}
}

// Without a key, as its own programs expect it.
func TestEmulateWithoutKeys(t *testing.T) {
	e := startService(t, "ollama")
	t.Setenv("OLLAMA_HOST", e.base)
	if code, _, errs := vecspace(t, "bread\n", "embed", "ollama:nomic-embed-text"); code != 0 || !strings.Contains(e.greeting, "export OLLAMA_HOST="+e.base+"\n") {
		t.Error(code, errs, e.greeting)
	}
	e = startService(t, "tei", "-model", "BAAI/bge-m3", "-limit", "BAAI/bge-m3=texts:7")
	if _, body := e.send(t, "GET", "/info", "", ""); !strings.Contains(body, `"model_id":"BAAI/bge-m3"`) || !strings.Contains(body, `"max_client_batch_size":7`) {
		t.Error(body)
	}
}

func TestEmulateFlags(t *testing.T) {
	e := start(t, "-region", "cn", "-key", "sk-intl=intl", "-key", "sk-cn=cn", "-key", "sk-here", "-limit", "text-embedding-v4=texts:1",
		"-fault", "overloaded=next:1", "-rpm", "60000", "-tpm", "60", "-retry-after", "-seed", "7", "-latency", "1ns", "-jitter", "1ns", "-growth", "9")
	if !strings.Contains(e.greeting, "DASHSCOPE_API_KEY=sk-cn\n") || !strings.Contains(e.greeting, "region cn") {
		t.Error(e.greeting)
	}
	for i, c := range []struct {
		key, body string
		want      int
	}{
		{"sk-intl", one, 401},   // another region's
		{"sk-cn", one, 503},     // the fault
		{"sk-cn", texts, 400},   // two texts
		{"sk-here", one, 200},   //
		{"sk-cn", many(2), 400}, // still two
	} {
		if got := e.ask(t, c.key, c.body); got != c.want {
			t.Errorf("answer %d: %d, want %d", i, got, c.want)
		}
	}
	if code, out, _ := e.stop(); code != 0 || !strings.Contains(out, "fault overloaded") {
		t.Error(code, out)
	}
}

func many(n int) string {
	return `{"model":"text-embedding-v4","input":["` + strings.Join(strings.Fields(strings.Repeat("word ", n)), `","`) + `"]}`
}

// The first key's region is the emulator's: "-key sk-x=cn" alone is enough.
func TestEmulateRegionOfTheKey(t *testing.T) {
	e := start(t, "-key", "sk-x=cn")
	if !strings.Contains(e.greeting, "region cn") || e.ask(t, "sk-x", `{"model":"text-embedding-v1","input":"a"}`) != 200 {
		t.Error(e.greeting)
	}
	e = start(t, "-key", "sk-x=cn", "-region", "intl")
	if !strings.Contains(e.greeting, "none of the keys belongs to region intl") || e.ask(t, "sk-x", one) != 401 {
		t.Error(e.greeting)
	}
}

func TestEmulatePublic(t *testing.T) {
	e := start(t, "-public")
	if status, _ := e.send(t, "GET", emulator.ControlPath+"ledger", "", ""); status != 404 || strings.Contains(e.greeting, emulator.ControlPath) {
		t.Error("the control path is open to other machines", status)
	}
}

// A port that is taken is a failure of the machine, not of the call.
func TestEmulatePortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	expect.NoError(t, err)
	defer l.Close()
	if code, _, errs := vecspace(t, "", "emulate", "dashscope", "-addr", l.Addr().String()); code != 1 || !strings.Contains(errs, "listen tcp") {
		t.Error(code, errs)
	}
}

// A script throttles, slows and kills the command over HTTP, and starts it again at its address.
func TestEmulateScripted(t *testing.T) {
	e := start(t)
	control := func(method, path, body string) {
		t.Helper()
		if status, answer := e.send(t, method, emulator.ControlPath+path, "", body); status != 200 {
			t.Fatal(status, answer)
		}
	}
	control("PATCH", "settings", `{"rpm":1}`)
	if a, b := e.ask(t, "sk-test", one), e.ask(t, "sk-test", one); a != 200 || b != 429 {
		t.Error("throttled:", a, b)
	}
	control("PATCH", "settings", `{"rpm":0}`)
	control("PUT", "faults", `["slow=delay:1ms","kill=at:2"]`)
	if status := e.ask(t, "sk-test", one); status != 200 {
		t.Error("slow:", status)
	}
	if l := e.ledger(t); l.Faults["slow"] != 1 {
		t.Errorf("%+v", l)
	}
	if status := e.ask(t, "sk-test", one); status != 0 {
		t.Error("killed:", status)
	}
	if code := <-e.ended; code != 1 || !strings.Contains(e.errs.String(), "kill has struck") || strings.Contains(e.out.String(), "billed") {
		t.Error(code, e.errs)
	}
	again := start(t, "-addr", strings.TrimPrefix(e.base, "http://"))
	if status := e.ask(t, "sk-test", one); status != 200 || again.base != e.base {
		t.Error("started again:", status)
	}
}

// What hangs when it is told to stop is let go, and is in the ledger.
func TestEmulateStopsWhatHangs(t *testing.T) {
	e := start(t, "-fault", "hang")
	answered := make(chan int)
	go func() { answered <- e.ask(t, "sk-test", one) }()
	for e.ledger(t).Faults["hang"] == 0 {
	}
	code, out, errs := e.stop()
	if got := <-answered; code != 0 || got != 0 || errs != "" || !strings.Contains(out, "no or half an answer") {
		t.Error(code, got, out, errs)
	}
}
