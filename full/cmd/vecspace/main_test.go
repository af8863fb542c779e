package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai/openaitest"
)

// asProgram is the variable that makes the test binary run as the program.
const asProgram = "VECSPACE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// serve starts the program and returns the address that it serves at.
func serve(t *testing.T, config string) (p *os.Process, base string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "serve", "-config", config, "-addr", "127.0.0.1:0", "-ops", "off")
	cmd.Env = append(os.Environ(), asProgram+"=1", "OPENAI_API_KEY="+emulator.DefaultKey)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	expect.NoError(t, err)
	expect.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	expect.NoError(t, err)
	return cmd.Process, regexp.MustCompile(`http://[0-9.:]+`).FindString(line)
}

// A server that is killed in the middle of requests has paid for no text twice but for those under
// way: the tier on disk has the others.
func TestServeKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the file stays locked until the killed process is gone")
	}
	const batch, parallel, all = 10, 2, 1000
	service, err := openaitest.New(emulator.Options{Settings: emulator.Settings{Latency: 5 * time.Millisecond}})
	expect.NoError(t, err)
	srv := httptest.NewServer(service)
	defer srv.Close()
	dir := t.TempDir()
	config := filepath.Join(dir, "embedders.yaml")
	expect.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `embedders:
  m:
    reference: "openai:text-embedding-3-small?base_url=%s/v1&dimensions=64&key_env=OPENAI_API_KEY"
    batch: {texts: %d, parallel: %d}
    cache: {tier: {disk: %q}}
`, srv.URL, batch, parallel, filepath.Join(dir, "vectors.db")), 0o600))

	ask := func(base string, from, n int) (int, error) {
		var texts []string
		for i := range n {
			texts = append(texts, fmt.Sprint("text ", from+i))
		}
		body, err := json.Marshal(map[string]any{"model": "m", "input": texts})
		expect.NoError(t, err)
		res, err := http.Post(base+"/v1/embeddings", "application/json", strings.NewReader(string(body)))
		if err != nil {
			return 0, err
		}
		res.Body.Close()
		return res.StatusCode, nil
	}
	p, base := serve(t, config)
	killed := false
	for at := 0; at < all; at += 50 { // requests of five batches each
		if status, err := ask(base, at, 50); err != nil || status != http.StatusOK {
			if !killed {
				t.Fatalf("got %d and %v before the kill, want 200", status, err)
			}
			break
		}
		if at == 450 {
			killed = true
			go func() { // in the middle of the next request
				before := service.Ledger().Billed
				for service.Ledger().Billed < before+2 {
				}
				_ = p.Kill()
			}()
		}
	}
	first := service.Ledger()
	if first.Texts < 520 || first.Texts >= all {
		t.Fatalf("got %d texts paid for before the kill, want a part", first.Texts)
	}
	_, base = serve(t, config)
	for at := 0; at < all; at += 50 {
		status, err := ask(base, at, 50)
		expect.NoError(t, err)
		expect.Equal(t, "status", status, http.StatusOK)
	}
	l := service.Ledger()
	if l.Distinct != all || l.Twice > 50 {
		t.Errorf("got %d texts, %d of them paid for twice, want %d and at most the 50 of the request that was killed", l.Distinct, l.Twice, all)
	}
	t.Logf("%d texts were paid for before the kill, %d twice", first.Texts, l.Twice)
}
