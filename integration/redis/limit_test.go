// Package redis tests the cache tier and the shared limit against a real Valkey.
package redis

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/redislimit"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

const (
	processes = 10
	callers   = 4 // of each process: more than the quota can serve
)

// account is a quota and for how long it is used to the full.
type account struct {
	RPM, TPM int
	Words    int // of the longest text; each has a random number of them
	Texts    int // of the largest request
	Seconds  int
}

// job is the task of a process, passed in its environment.
type job struct {
	Account         account
	Redis, Emulator string
}

const (
	childEnv = "EMBEDDING_LIMIT_CHILD"
	// secondsEnv makes the tests as long as it says, for a measurement.
	secondsEnv = "EMBEDDING_LIMIT_SECONDS"
)

func TestMain(m *testing.M) {
	if told := os.Getenv(childEnv); told != "" {
		var j job
		err := json.Unmarshal([]byte(told), &j)
		if err == nil {
			err = child(j)
		}
		if err != nil {
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

// child is one of the processes. It asks as fast as the limit allows and reports how many of its
// calls were served.
func child(j job) error {
	client, err := connect(j.Redis)
	if err != nil {
		return err
	}
	quota, err := redislimit.New(client, "emulator")
	if err != nil {
		return err
	}
	provider, err := dashscope.New(dashscope.Options{Model: "text-embedding-v4", Dimensions: 64, BaseURL: j.Emulator, Key: emulator.DefaultKey})
	if err != nil {
		return err
	}
	e := embedding.Chain(provider, middleware.Limit(middleware.LimitOptions{RPM: j.Account.RPM, TPM: j.Account.TPM, Shared: quota}))
	fmt.Println("ready")
	if line, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil || line != "go\n" {
		return fmt.Errorf("%q, %w", line, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(j.Account.Seconds)*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	var mu sync.Mutex
	served := 0
	var failure error
	for caller := range callers {
		wg.Go(func() {
			for i := 0; ; i++ {
				_, err := e.Embed(ctx, embedding.Request{Texts: j.Account.texts(fmt.Sprintf("text %d of caller %d of process %d", i, caller, os.Getpid()))})
				over := ctx.Err() != nil || errorCode(err) == middleware.CodeLimit // no place before the end
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

// texts returns the texts of one request, whose name they have.
func (a account) texts(name string) []string {
	out := make([]string, 1+rand.IntN(max(1, a.Texts)))
	for i := range out {
		out[i] = fmt.Sprint(name, " ", i, strings.Repeat(" 通知 word", rand.IntN(a.Words+1)))
	}
	return out
}

// billed is the emulator's token count for a text: 0.6 to 1.1 times the estimate, as models and
// languages differ.
func billed(text string) int {
	h := fnv.New32a()
	h.Write([]byte(text))
	return max(1, embedding.EstimateTokens(text)*(60+int(h.Sum32()%51))/100)
}

func errorCode(err error) string {
	if e, ok := err.(*embedding.Error); ok {
		return e.Code
	}
	return ""
}

// Ten processes together use 90 % of a quota, and the provider refuses at most one request in a
// thousand, or two in a shorter run. This holds for requests, which are short, and for tokens,
// which each request reserves by an estimate and settles when the provider has counted them.
func TestTenProcessesShareAQuota(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: it takes more than a minute")
	}
	for name, a := range map[string]account{
		"requests": {RPM: 6000, Seconds: 40},
		"tokens":   {RPM: 60_000, TPM: 1_200_000, Words: 100, Texts: 3, Seconds: 30}, // a request has up to 3 % of a second's
	} {
		t.Run(name, func(t *testing.T) {
			if text := os.Getenv(secondsEnv); text != "" {
				var err error
				if a.Seconds, err = strconv.Atoi(text); err != nil {
					t.Fatalf("got the error %v, want none", err)
				}
			}
			measured(t, func() []string { return share(t, a) })
		})
	}
}

// measured fails the test if each of three measurements misses what it should show. A machine that
// stands still for half a second spoils one: no process reaches the account in time, and what was
// permitted arrives late.
func measured(t *testing.T, measure func() (missed []string)) {
	t.Helper()
	for range 3 {
		missed := measure()
		if len(missed) == 0 {
			return
		}
		t.Logf("missed: %s", strings.Join(missed, "; "))
	}
	t.Error("three measurements missed what they should show")
}

// share lets the processes use the account, and says what is not as it should be.
func share(t *testing.T, a account) (missed []string) {
	miss := func(format string, args ...any) { missed = append(missed, fmt.Sprintf(format, args...)) }
	valkey := servers.Valkey(t)
	emulator, err := dashscopetest.New(dashscopetest.Options{Options: emulator.Options{Tokens: billed, Settings: emulator.Settings{Rates: emulator.Rates{RPM: a.RPM, TPM: a.TPM}}}})
	expect.NoError(t, err)
	web := httptest.NewServer(emulator)
	defer web.Close()
	told, err := json.Marshal(job{a, valkey.URL, web.URL + dashscopetest.BasePath})
	expect.NoError(t, err)

	type process struct {
		cmd *exec.Cmd
		out *bufio.Reader
		in  interface{ Write([]byte) (int, error) }
	}
	var all []process
	for range processes {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+string(told))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		expect.NoError(t, err)
		in, err := cmd.StdinPipe()
		expect.NoError(t, err)
		expect.NoError(t, cmd.Start())
		all = append(all, process{cmd, bufio.NewReader(out), in})
	}
	for _, p := range all {
		if line, err := p.out.ReadString('\n'); line != "ready\n" {
			t.Fatalf("a process says %q: %v", line, err)
		}
	}
	began := time.Now()
	for _, p := range all {
		_, err := p.in.Write([]byte("go\n"))
		expect.NoError(t, err)
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
		said, _ := io.ReadAll(p.out) // why it fails, if it does
		if err := p.cmd.Wait(); err != nil {
			miss("a process: %v: %s", err, said)
		}
	}
	took := time.Since(began)
	ledger := emulator.Ledger()
	refused := ledger.Answers[429]
	used := float64(ledger.Billed) / (float64(a.RPM) / 60 * float64(a.Seconds))
	if a.TPM > 0 {
		used = float64(ledger.Tokens) / (float64(a.TPM) / 60 * float64(a.Seconds))
	}
	t.Logf("%d processes in %v: %d requests, %d served, %d refused (1 in %.0f), %d tokens, %.1f %% of the quota used; the least of a process is %d",
		processes, took.Round(time.Millisecond), ledger.Requests, served, refused, float64(ledger.Requests)/float64(max(1, refused)), ledger.Tokens, 100*used, least)
	if refused > max(2, ledger.Requests/1000) {
		miss("%d of %d requests were refused", refused, ledger.Requests)
	}
	if used < 0.9 {
		miss("%.1f %% of the quota were used", 100*used)
	}
	if least < served/processes/2 {
		miss("one process had %d of %d requests", least, served)
	}
	return missed
}

// TestQueriesBeforeBulkOfAQuota: three programs index, each with more callers than the account can
// serve, and a fourth one asks a query from time to time. In their lane the indexers leave it a
// tenth and yield; without it the query stands in line with them.
func TestQueriesBeforeBulkOfAQuota(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: it takes 20 s")
	}
	valkey := servers.Valkey(t)
	const rpm, span = 1200, 8 * time.Second // 18.8 requests a second, of which bulk may have 16.9
	type figures struct {
		queries, bulk int
		mean, most    time.Duration
	}
	run := func(t *testing.T, account string, lane middleware.Lane) (f figures) {
		program := func() embedding.Embedder {
			client, err := connect(valkey.URL)
			expect.NoError(t, err)
			t.Cleanup(func() { client.Close() })
			quota, err := redislimit.New(client, account)
			expect.NoError(t, err)
			return embedding.Chain(embedtest.NewFake(embedtest.FakeOptions{}), middleware.Limit(middleware.LimitOptions{RPM: rpm, Shared: quota}))
		}
		ctx, cancel := context.WithTimeout(t.Context(), span)
		defer cancel()
		var wg sync.WaitGroup
		var bulk atomic.Int64
		for range 3 {
			e := program()
			for caller := range 5 {
				wg.Go(func() {
					for i := 0; ctx.Err() == nil; i++ {
						if _, err := e.Embed(middleware.WithLane(ctx, lane), embedding.Request{Texts: []string{fmt.Sprint("text ", i, " of ", caller)}}); err == nil {
							bulk.Add(1)
						}
					}
				})
			}
		}
		search := program()
		time.Sleep(time.Second)
		for sum := time.Duration(0); ctx.Err() == nil; time.Sleep(time.Duration(600+rand.IntN(200)) * time.Millisecond) {
			asked := time.Now()
			if _, err := search.Embed(ctx, embedding.Request{Texts: []string{"query"}}); err == nil {
				wait := time.Since(asked)
				sum += wait
				f.queries++
				f.mean, f.most = sum/time.Duration(f.queries), max(f.most, wait)
			}
		}
		wg.Wait()
		f.bulk = int(bulk.Load())
		t.Logf("lane %d: %d queries waited %v on average and %v at most, the indexers had %.1f %% of the quota",
			lane, f.queries, f.mean.Round(time.Millisecond), f.most.Round(time.Millisecond), 100*float64(f.bulk)/(rpm/60*span.Seconds()))
		return f
	}
	measured(t, func() (missed []string) {
		lanes, line := run(t, "lanes", middleware.Bulk), run(t, "one line", middleware.Interactive)
		if lanes.queries < 5 || line.queries < 5 || lanes.mean > line.mean/2 {
			missed = append(missed, fmt.Sprintf("%d queries waited %v on average beside bulk, and %d without lanes %v, want less than half", lanes.queries, lanes.mean, line.queries, line.mean))
		}
		if share := float64(lanes.bulk) / (rpm / 60 * span.Seconds()); share > 0.9*0.94+0.02 || share < 0.6 {
			missed = append(missed, fmt.Sprintf("bulk had %.1f %% of the quota, want 60 to 86.6 %%", 100*share))
		}
		return missed
	})
}
