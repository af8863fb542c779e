package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
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
	go func() { e.ended <- Parts{}.run(ctx, args, streams{strings.NewReader(""), e.out, e.errs}) }()
	select {
	case <-e.out.first:
	case code := <-e.ended:
		t.Fatalf("exit code %d\n%s", code, e.errs)
	}
	e.greeting = e.out.String()
	e.base = regexp.MustCompile(`http://[0-9.:]+`).FindString(e.greeting)
	return e
}

// stop ends it and returns its exit code and its output after the greeting.
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
		t.Fatalf("got %q, want a ledger", body)
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
	holds(t, e.greeting,
		"DashScope emulator, region intl, at "+e.base+"\n",
		"  export DASHSCOPE_API_KEY=sk-test\n",
		"  export DASHSCOPE_COMPATIBLE_BASE_URL="+e.base+"/compatible-mode/v1\n",
		"  export DASHSCOPE_HTTP_BASE_URL="+e.base+"/api/v1\n",
		e.base+emulator.ControlPath,
	)
	if a, b, c := e.ask(t, "sk-test", texts), e.ask(t, "sk-test", texts), e.ask(t, "sk-other", texts); a != 200 || b != 200 || c != 401 {
		t.Errorf("got the answers %d, %d and %d, want 200, 200 and 401", a, b, c)
	}
	if l := e.ledger(t); l.Requests != 3 || l.Texts != 4 {
		t.Errorf("got the ledger %+v, want 3 requests of 4 texts", l)
	}
	code, out, errs := e.stop()
	if code != 0 || errs != "" {
		t.Errorf("got the exit code %d, want 0\n%s", code, errs)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("got the ledger's file %v, %v, want mode 0600", info, err)
	}
	words := strings.Join(strings.Fields(out), " ")
	holds(t, words, "requests 3 at most 1 at a time", "200 2 OK", "401 1 Unauthorized", "billed requests 2",
		"billed texts 4 2 different, 2 of them more than once", "lost 0 ", "repeated 2 ", "billed tokens 4")
	var l emulator.Ledger
	if data, err := os.ReadFile(file); err != nil || json.Unmarshal(data, &l) != nil || l.Requests != 3 || l.Texts != 4 || l.Answers[401] != 1 {
		t.Errorf("got the file's ledger %+v (error %v), want 3 requests of 4 texts, one refused", l, err)
	}
	if c, err := net.Dial("tcp", strings.TrimPrefix(e.base, "http://")); err == nil {
		c.Close()
		t.Error("got a connection after the end, want none")
	}
}

func TestEmulateFlags(t *testing.T) {
	e := start(t, "-region", "cn", "-key", "sk-intl=intl", "-key", "sk-cn=cn", "-key", "sk-here", "-limit", "text-embedding-v4=texts:1",
		"-fault", "overloaded=next:1", "-rpm", "60000", "-tpm", "60", "-retry-after", "-seed", "7", "-latency", "1ns", "-jitter", "1ns", "-growth", "9")
	if !strings.Contains(e.greeting, "DASHSCOPE_API_KEY=sk-cn\n") || !strings.Contains(e.greeting, "region cn") {
		t.Errorf("got the greeting below, want the key and the region cn\n%s", e.greeting)
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
		expect.Equal(t, fmt.Sprintf("answer %d", i), e.ask(t, c.key, c.body), c.want)
	}
	code, out, _ := e.stop()
	ended(t, code, 0, out, "fault overloaded")
}

func many(n int) string {
	return `{"model":"text-embedding-v4","input":["` + strings.Join(strings.Fields(strings.Repeat("word ", n)), `","`) + `"]}`
}

func TestEmulatePublic(t *testing.T) {
	e := start(t, "-public")
	if status, _ := e.send(t, "GET", emulator.ControlPath+"ledger", "", ""); status != 404 || strings.Contains(e.greeting, emulator.ControlPath) {
		t.Errorf("got the status %d of the control path, want 404 and no word of it\n%s", status, e.greeting)
	}
}

// A port that is taken is a failure of the machine, not of the call.
func TestEmulatePortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	expect.NoError(t, err)
	defer l.Close()
	code, _, errs := vecspace(t, "", "emulate", "dashscope", "-addr", l.Addr().String())
	ended(t, code, 1, errs, "listen tcp")
}

// Two emulators find ports of their own, unless somebody chose one.
func TestListen(t *testing.T) {
	addr := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}
	first, err := listen(addr, true)
	expect.NoError(t, err)
	defer first.Close()
	taken := first.Addr().(*net.TCPAddr)
	second, err := listen(taken, false)
	expect.NoError(t, err)
	defer second.Close()
	if second.Addr().String() == taken.String() {
		t.Errorf("got %s twice, want another port", taken)
	}
	if _, err := listen(taken, true); err == nil {
		t.Error("got no error for a port that is taken, want one")
	}
}
