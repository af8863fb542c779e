package redislimit_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/redislimit"
)

func quota(t *testing.T, addr string) *redislimit.Quota {
	t.Helper()
	client := goredis.NewClient(&goredis.Options{Addr: addr, ContextTimeoutEnabled: true, MaxRetries: -1})
	t.Cleanup(func() { client.Close() })
	q, err := redislimit.New(client, "account")
	expect.NoError(t, err)
	return q
}

// TestTake follows one account through the server's time, which the test moves.
func TestTake(t *testing.T) {
	server := miniredis.RunT(t)
	now := time.Unix(1_800_000_000, 0)
	pass := func(d time.Duration) {
		now = now.Add(d)
		server.SetTime(now)
	}
	pass(0)
	const rpm, tpm = 600, 60_000 // 9.4 requests and 920 tokens a second; 1 request and 20 tokens are saved up
	const forever = time.Duration(1<<63 - 1)
	for i, step := range []struct {
		after            time.Duration
		requests, tokens int
		most, want       time.Duration
	}{
		{after: 0, requests: 1, tokens: 10, most: forever, want: 0},
		{after: 0, requests: 1, tokens: 10, most: forever, want: 106383 * time.Microsecond},               // the second request
		{after: 0, requests: 1, tokens: 10, most: forever, want: 212766 * time.Microsecond},               // the third one, behind it
		{after: 0, requests: 1, tokens: 0, most: 300 * time.Millisecond, want: 319149 * time.Microsecond}, // told at once, nothing drawn
		{after: 0, requests: 1, tokens: 0, most: 320 * time.Millisecond, want: 319149 * time.Microsecond},
		{after: 0, requests: -1, tokens: -10, most: 0, want: 0}, // who left gives back
		{after: 0, requests: 1, tokens: 0, most: forever, want: 319149 * time.Microsecond},
		{after: 10 * time.Second, requests: 0, tokens: 920, most: forever, want: 0}, // full again; larger than what is saved: alone
		{after: 0, requests: 0, tokens: 20, most: forever, want: time.Second},       // the next one waits for it
		{after: 0, requests: 0, tokens: -500, most: 0, want: 0},                     // settled: it was less
		{after: 0, requests: 0, tokens: 20, most: forever, want: 478261 * time.Microsecond},
		{after: 0, requests: 0, tokens: 500, most: forever, want: 500000 * time.Microsecond}, // a settling of more than was reserved is a draw
		{after: -time.Hour, requests: 0, tokens: 20, most: forever, want: 1043479 * time.Microsecond},
		{after: 2 * time.Second, requests: 0, tokens: 20, most: forever, want: 0},
	} {
		pass(step.after)
		got, err := quota(t, server.Addr()).Take(t.Context(), middleware.Draw{RPM: rpm, TPM: tpm, Requests: step.requests, Tokens: step.tokens, Most: step.most})
		if err != nil || (got-step.want).Abs() > 3*time.Microsecond {
			t.Errorf("step %d: %v, %v, want %v", i, got, err, step.want)
		}
	}
	if ttl := server.TTL("embedding-quota:account"); ttl <= 0 {
		t.Error("the account is never forgotten")
	}
}

// TestTakeInLanes follows one account that both lanes use.
func TestTakeInLanes(t *testing.T) {
	server := miniredis.RunT(t)
	now := time.Unix(1_800_000_000, 0)
	const rpm, tpm = 1200, 60_000 // 18.8 requests and 920 tokens a second, of which 16.92 and 828 are bulk's
	const soon = 50 * time.Millisecond
	ms := func(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }
	for i, step := range []struct {
		after            time.Duration
		lane             middleware.Lane
		requests, tokens int
		most, want       time.Duration
	}{
		{lane: middleware.Bulk, requests: 1, want: 0},
		{lane: middleware.Bulk, requests: 1, want: ms(59.102)},                                 // a turn of nine tenths
		{lane: middleware.Interactive, requests: 1, want: 0},                                   // beside it
		{lane: middleware.Interactive, requests: 1, want: ms(106.383)},                         // behind both
		{lane: middleware.Bulk, requests: 1, most: soon, want: ms(106.383 + 50)},               // an interactive one waits
		{after: ms(80), lane: middleware.Bulk, requests: 1, most: soon, want: ms(26.383 + 50)}, // still
		{lane: middleware.Interactive, requests: 1, most: soon, want: ms(26.383)},              // drawn, a little ahead
		{after: ms(27), lane: middleware.Bulk, requests: 1, most: soon, want: ms(52.574)},      // one turn of the whole rate later
		{after: ms(10), lane: middleware.Bulk, requests: 1, most: soon, want: ms(42.574)},      // drawn
		{lane: middleware.Bulk, requests: -1, want: 0},                                         // and given back
		{after: time.Second, lane: middleware.Bulk, tokens: 828, want: 0},                      // a second's part of bulk
		{lane: middleware.Bulk, tokens: 20, most: soon, want: time.Second},                     // paid by nine tenths
		{lane: middleware.Interactive, tokens: 20, want: 0},                                    // a small one goes beside it
		{lane: middleware.Interactive, tokens: 93, most: soon, want: time.Second},              // a larger one behind both
		{after: 2 * time.Second, lane: middleware.Bulk, tokens: -500, want: 0},                 // settled, although nothing is owed any more
		{lane: middleware.Bulk, tokens: 20, want: 0},
	} {
		now = now.Add(step.after)
		server.SetTime(now)
		got, err := quota(t, server.Addr()).Take(t.Context(), middleware.Draw{
			RPM: rpm, TPM: tpm, Requests: step.requests, Tokens: step.tokens, Most: step.most, Lane: step.lane,
		})
		if err != nil || (got-step.want).Abs() > 3*time.Microsecond {
			t.Errorf("step %d: %v, %v, want %v", i, got, err, step.want)
		}
	}
}

func TestDeadServer(t *testing.T) {
	server := miniredis.RunT(t)
	for name, processes := range map[string]int{"fails": 0, "goes on": 10} {
		t.Run(name, func(t *testing.T) {
			f := embedtest.NewFake(embedtest.FakeOptions{})
			q := quota(t, server.Addr())
			e := embedding.Chain(f, middleware.Limit(middleware.LimitOptions{RPM: 60_000, TPM: 1e9, Shared: q, Processes: processes}))
			ask := func() error {
				_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a"}})
				return err
			}
			expect.NoError(t, ask())
			server.Close()
			defer server.Restart()
			for range 10 {
				err := ask()
				if processes > 0 && err != nil {
					t.Fatalf("got the error %v, want none", err)
				}
				if e, ok := errors.AsType[*embedding.Error](err); processes == 0 && (!ok || e.Kind != embedding.Unavailable || e.Code != middleware.CodeQuota) {
					t.Fatalf("got the error %v, want Unavailable with %s", err, middleware.CodeQuota)
				}
			}
		})
	}
}

func TestNew(t *testing.T) {
	_, err := redislimit.New(goredis.NewClient(&goredis.Options{}), "a")
	expect.Says(t, "the error", err, "ContextTimeoutEnabled")
	if _, err := redislimit.New(nil, "a"); err == nil {
		t.Error("no client is taken")
	}
	_, err = redislimit.New(nil, "")
	expect.Says(t, "the error", err, "no name")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := quota(t, "127.0.0.1:1").Take(ctx, middleware.Draw{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v, want context.Canceled", err)
	}
}

// says is a server that answers every command with an error.
type says string

func (s says) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (s says) ProcessHook(goredis.ProcessHook) goredis.ProcessHook {
	return func(_ context.Context, cmd goredis.Cmder) error {
		err := errors.New(string(s))
		cmd.SetErr(err)
		return err
	}
}

func (s says) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return next
}

// TestOldServer: what Redis 4, 3.2 and 2.4 say of the script. integration/redis has a real 3.2.
func TestOldServer(t *testing.T) {
	for text, want := range map[string]bool{
		"ERR Error running script: @user_script: 27: Write commands not allowed after non deterministic commands. Call redis.replicate_commands()": true,
		"ERR Error running script: @user_script: 27: Wrong number of args calling Redis command From Lua script":                                   true,
		"ERR unknown command 'EVALSHA'":                          true,
		"OOM command not allowed when used memory > 'maxmemory'": false,
	} {
		client := goredis.NewClient(&goredis.Options{ContextTimeoutEnabled: true})
		defer client.Close()
		client.AddHook(says(text))
		q, err := redislimit.New(client, "account")
		expect.NoError(t, err)
		_, err = q.Take(t.Context(), middleware.Draw{RPM: 60, Requests: 1})
		if err == nil || strings.Contains(err.Error(), "too old: Redis 5 or later") != want || !strings.Contains(err.Error(), text) {
			t.Errorf("got the error %v, want %q, and that the server is too old: %v", err, text, want)
		}
	}
}

// TestWindow: in a longer window of the provider less of the account stays free.
func TestWindow(t *testing.T) {
	for _, tc := range []struct {
		window           time.Duration
		requests, tokens float64 // used of 600 and 60,000
	}{
		{0, .94, .92}, {time.Second, .94, .92}, {2 * time.Second, .97, .96}, {time.Minute, .98, .98},
	} {
		for _, d := range []middleware.Draw{{RPM: 600, Requests: 1}, {TPM: 60_000, Tokens: 100}} {
			server := miniredis.RunT(t)
			now := time.Unix(1_800_000_000, 0)
			q, drawn := quota(t, server.Addr()), 0
			d.Most, d.Window = time.Hour, tc.window
			for end := now.Add(time.Minute); now.Before(end); drawn++ {
				server.SetTime(now)
				wait, err := q.Take(t.Context(), d)
				expect.NoError(t, err)
				now = now.Add(wait)
			}
			want := tc.requests
			if d.TPM > 0 {
				want = tc.tokens
			}
			if got := float64(drawn) / 600; got < want-.005 || got > want+.005 {
				t.Errorf("%v, %d TPM: drew %.3f of the account in a minute, want %.3f", tc.window, d.TPM, got, want)
			}
		}
	}
}
