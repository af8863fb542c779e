// Package redis tests the cache tier and the shared limit against a real Valkey.
package redis

import (
	"bufio"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/integration/servers"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/redislimit"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
)

const (
	rpm       = 6000 // 100 a second
	seconds   = 40
	processes = 10
	callers   = 4 // of each process: more than the quota can serve
)

const childEnv = "EMBEDDING_LIMIT_CHILD"

func TestMain(m *testing.M) {
	if where := os.Getenv(childEnv); where != "" {
		redis, emulator, _ := strings.Cut(where, " ")
		if err := child(redis, emulator); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func connect(url string) (*goredis.Client, error) {
	o, err := goredis.ParseURL(url)
	if err != nil {
		return nil, err
	}
	o.ContextTimeoutEnabled, o.MaxRetries = true, -1
	return goredis.NewClient(o), nil
}

// child is one of the processes: it asks as fast as it is allowed to and says how many of its calls were served.
func child(redis, emulator string) error {
	client, err := connect(redis)
	if err != nil {
		return err
	}
	quota, err := redislimit.New(client, "emulator")
	if err != nil {
		return err
	}
	provider, err := dashscope.New(dashscope.Options{Model: "text-embedding-v4", Dimensions: 64, BaseURL: emulator, Key: dashscopetest.DefaultKey})
	if err != nil {
		return err
	}
	e := embedding.Chain(provider, middleware.Limit(middleware.LimitOptions{RPM: rpm, Shared: quota}))
	fmt.Println("ready")
	if line, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil || line != "go\n" {
		return fmt.Errorf("%q, %w", line, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), seconds*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	var mu sync.Mutex
	served := 0
	var failure error
	for caller := range callers {
		wg.Go(func() {
			for i := 0; ; i++ {
				_, err := e.Embed(ctx, embedding.Request{Texts: []string{fmt.Sprintf("text %d of caller %d of process %d", i, caller, os.Getpid())}})
				over := ctx.Err() != nil || errorCode(err) == middleware.CodeLocalLimit // no place before the end
				mu.Lock()
				switch {
				case err == nil:
					served++
				case !over && embedding.KindOf(err) != embedding.RateLimited: // refusals are counted by the emulator
					failure = err
				}
				mu.Unlock()
				if over || failure != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	fmt.Println(served)
	return failure
}

func errorCode(err error) string {
	if e, ok := err.(*embedding.Error); ok {
		return e.Code
	}
	return ""
}

// TestTenProcessesShareAQuota: together they use nine tenths of the quota, and the provider refuses one request in a thousand at most.
func TestTenProcessesShareAQuota(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: it takes 40 s")
	}
	valkey := servers.Valkey(t)
	emulator, err := dashscopetest.New(dashscopetest.Options{Settings: dashscopetest.Settings{Rates: dashscopetest.Rates{RPM: rpm}}})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(emulator)
	defer web.Close()

	type process struct {
		cmd *exec.Cmd
		out *bufio.Reader
		in  interface{ Write([]byte) (int, error) }
	}
	var all []process
	for range processes {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+valkey.URL+" "+web.URL+dashscopetest.BasePath)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, process{cmd, bufio.NewReader(out), in})
	}
	for _, p := range all {
		if line, err := p.out.ReadString('\n'); line != "ready\n" {
			t.Fatalf("a process says %q: %v", line, err)
		}
	}
	began := time.Now()
	for _, p := range all {
		if _, err := p.in.Write([]byte("go\n")); err != nil {
			t.Fatal(err)
		}
	}
	served, least := 0, 1<<30
	for _, p := range all {
		line, err := p.out.ReadString('\n')
		n, bad := strconv.Atoi(strings.TrimSpace(line))
		if bad != nil {
			t.Fatalf("a process says %q: %v", line, err)
		}
		served += n
		least = min(least, n)
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("a process: %v", err)
		}
	}
	took := time.Since(began)
	ledger := emulator.Ledger()
	refused := ledger.Answers[429]
	used := float64(ledger.Billed) / (rpm / 60 * seconds)
	t.Logf("%d processes in %v: %d requests, %d served, %d refused (1 in %.0f), %.1f %% of the quota used; the least of a process is %d",
		processes, took.Round(time.Millisecond), ledger.Requests, served, refused, float64(ledger.Requests)/float64(max(1, refused)), 100*used, least)
	if refused*1000 > ledger.Requests {
		t.Errorf("%d of %d requests were refused", refused, ledger.Requests)
	}
	if used < 0.9 {
		t.Errorf("%.1f %% of the quota were used", 100*used)
	}
	if least < served/processes/2 {
		t.Errorf("one process had %d of %d requests", least, served)
	}
}
