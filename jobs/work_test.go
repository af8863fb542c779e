package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
)

// script is paid with a script.
func script(decide func(embedtest.Call) embedtest.Reply) *embedtest.Fake {
	return embedtest.NewFake(embedtest.FakeOptions{Model: paid().Model(), Script: decide})
}

// number returns the number of a request's first text.
func number(c embedtest.Call) int {
	n, err := strconv.Atoi(strings.TrimPrefix(c.Request.Texts[0], "text "))
	if err != nil {
		panic(err)
	}
	return n
}

// job starts a job of n lines in shards of 100.
func job(t *testing.T, e embedding.Embedder, n int) *Job {
	t.Helper()
	return start(t, e, Options{Inputs: []string{put(t, "a.txt", lines(n))}, Out: filepath.Join(t.TempDir(), "out"), ShardTexts: 100})
}

// complete fails unless every text of a job has a vector and was paid for once.
func complete(t *testing.T, j *Job, e *embedtest.Fake) {
	t.Helper()
	s, err := j.Status()
	expect.NoError(t, err)
	expect.Equal(t, "state", s.State, "complete")
	expect.Equal(t, "vectors", s.Vectors, s.Texts)
	v, err := j.Verify(t.Context())
	expect.NoError(t, err)
	expect.Equal(t, "problems", v.Problems, nil)
	expect.Equal(t, "tokens", s.Tokens, e.Ledger().Tokens)
	for i := range s.Texts {
		if n := e.Billed(fmt.Sprintf("text %d", i)); n != 1 {
			t.Fatalf("text %d was paid for %d times, want once", i, n)
		}
	}
}

// failing is an error of a provider.
func failing(e embedding.Embedder, k embedding.Kind, status int) error {
	m := e.Model()
	err := m.Errorf(k, "the provider says no")
	err.Status = status
	return err
}

// What every shard would meet pauses the job with its reason after a few requests, no process goes
// on before Resume, and then nothing is paid for again. If a request is invalid in the middle of a
// shard, one of its texts may be to blame, and Batch looks for it among the texts under way.
func TestPauses(t *testing.T) {
	for name, c := range map[string]struct {
		pause    string
		kind     embedding.Kind
		status   int
		requests int  // at most
		middle   bool // of a shard
	}{
		"auth":                      {"auth", embedding.Auth, 401, 60, true},
		"money":                     {"money", embedding.Exhausted, 402, 60, true},
		"invalid":                   {"invalid", embedding.Invalid, 400, 60, false},
		"invalid inside of a shard": {"invalid", embedding.Invalid, 400, 2 * 100 * 4, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var bad atomic.Bool
				var e *embedtest.Fake
				e = script(func(call embedtest.Call) embedtest.Reply {
					if bad.Load() && (number(call) >= 300 || c.middle && call.Number > 20) {
						return embedtest.Reply{Err: failing(e, c.kind, c.status)}
					}
					return embedtest.Reply{Latency: time.Second}
				})
				bad.Store(true)
				j := job(t, e, 2000)
				err := j.Work(t.Context(), e, WorkOptions{Check: -1})
				paused, ok := errors.AsType[*Paused](err)
				if !ok || paused.Kind != c.pause || !strings.Contains(paused.Reason, "the provider says no") {
					t.Fatalf("got the error %v, want a pause for %s with the provider's words", err, c.pause)
				}
				if n := len(e.Calls()); n > c.requests {
					t.Errorf("got %d requests, want at most %d", n, c.requests)
				}
				before := len(e.Calls())
				err = j.Work(t.Context(), e, WorkOptions{Check: -1})
				refused(t, err, "paused", "the provider says no")
				expect.Equal(t, "requests while paused", len(e.Calls()), before)
				bad.Store(false)
				was, err := j.Resume()
				expect.NoError(t, err)
				expect.Equal(t, "was paused", was, true)
				was, err = j.Resume()
				expect.NoError(t, err)
				expect.Equal(t, "was paused again", was, false)
				expect.NoError(t, j.Work(t.Context(), e, WorkOptions{Check: -1}))
				complete(t, j, e)
			})
		})
	}
}

// An outage is waited for, and one that does not end pauses the job. Nothing is lost either way,
// and no shard is blamed.
func TestOutage(t *testing.T) {
	for _, c := range []struct {
		after, length time.Duration
		workers       int
	}{
		{5 * time.Second, 90 * time.Second, 2},
		{5 * time.Second, 100 * time.Hour, 1},
		{5 * time.Second, 100 * time.Hour, 2},
		{5 * time.Second, 100 * time.Hour, 4},
		{-time.Second, 100 * time.Hour, 4},
	} {
		t.Run(fmt.Sprint(c.after, c.length, c.workers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				o := WorkOptions{Check: -1, Workers: c.workers}
				var e *embedtest.Fake
				e = script(func(call embedtest.Call) embedtest.Reply {
					if at := time.Since(begin); at > c.after && at < c.after+c.length {
						return embedtest.Reply{Err: failing(e, embedding.Unavailable, 503)}
					}
					return embedtest.Reply{Latency: time.Second}
				})
				j := job(t, e, 4000)
				err := j.Work(t.Context(), e, o)
				if c.length > time.Hour {
					refused(t, err, "paused (failures)", "the provider says no")
					if took := time.Since(begin); took > time.Hour {
						t.Errorf("got the pause after %v, want within an hour", took)
					}
					failed, failures := j.Failures()
					expect.NoError(t, failures)
					expect.Equal(t, "failed shards", len(failed), 0)
					time.Sleep(c.length)
					_, err = j.Resume()
					expect.NoError(t, err)
					err = j.Work(t.Context(), e, o)
				}
				expect.NoError(t, err)
				complete(t, j, e)
			})
		})
	}
}

// A stop by the context, by Pause or by Cancel keeps the answers to what is under way.
func TestStops(t *testing.T) {
	for name, stop := range map[string]func(*Job, context.CancelFunc) error{
		"context": func(_ *Job, cancel context.CancelFunc) error { cancel(); return nil },
		"pause":   func(j *Job, _ context.CancelFunc) error { return j.Pause(Pause{Kind: "asked", Reason: "lunch"}) },
		"cancel":  func(j *Job, _ context.CancelFunc) error { return j.Cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := script(func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Latency: 3 * time.Second} })
				j := job(t, e, 3000)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				time.AfterFunc(4500*time.Millisecond, func() { expect.NoError(t, stop(j, cancel)) })
				begin := time.Now()
				err := j.Work(ctx, e, WorkOptions{Check: -1})
				if took := time.Since(begin); took > 10*time.Second {
					t.Errorf("got the end after %v, want soon after the requests under way", took)
				}
				switch name {
				case "context":
					expect.Equal(t, "error", err, context.Canceled)
				case "pause":
					refused(t, err, "lunch")
					_, err := j.Resume()
					expect.NoError(t, err)
				case "cancel":
					if !errors.Is(err, ErrCanceled) {
						t.Errorf("got the error %v, want ErrCanceled", err)
					}
					again := j.Work(t.Context(), e, WorkOptions{})
					if !errors.Is(again, ErrCanceled) {
						t.Errorf("got the error %v from another run, want ErrCanceled", again)
					}
					s, err := j.Status()
					expect.NoError(t, err)
					expect.Equal(t, "state", s.State, "canceled")
					return
				}
				expect.NoError(t, j.Work(t.Context(), e, WorkOptions{Check: -1}))
				complete(t, j, e)
			})
		})
	}
}

// Texts that the provider refuses are in rejected.jsonl, by index and reason, and never with their
// text. The others have their vectors.
func TestPoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := embedtest.NewFake(embedtest.FakeOptions{Model: paid().Model(), Poison: func(text string) bool { return strings.HasSuffix(text, "77") }})
		j := job(t, e, 500)
		expect.NoError(t, j.Work(t.Context(), e, WorkOptions{}))
		v, err := j.Verify(t.Context())
		expect.NoError(t, err)
		expect.Equal(t, "verified", v, Verified{Parts: 5, Texts: 500, Vectors: 495, Rejected: 5})
		got := content(t, filepath.Join(j.dir, dataName, partFolder(3), rejectedName))
		if !strings.HasPrefix(got, `{"index":377,"input":"a.txt","line":378,"kind":"text rejected"`) || strings.Contains(got, "text 377") {
			t.Errorf("got %s, want record 377 without its text", got)
		}
	})
}

// A shard that fails while others pass is given up after three attempts, and done by Retry. The
// circuit that its requests open fails no other shard.
func TestFailedShard(t *testing.T) {
	for _, c := range []struct{ shard, workers int }{{0, 1}, {0, 2}, {5, 1}, {5, 2}, {5, 4}, {9, 1}, {9, 4}} {
		t.Run(fmt.Sprintf("shard %d of %d workers", c.shard, c.workers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var good atomic.Bool
				var e *embedtest.Fake
				e = script(func(call embedtest.Call) embedtest.Reply {
					r := embedtest.Reply{Latency: time.Second}
					// A provider that is down for all texts of the shard: no text is to blame.
					if !good.Load() && number(call)/100 == c.shard {
						r.Err = failing(e, embedding.Unavailable, 503)
					}
					return r
				})
				j := job(t, e, 1000)
				expect.NoError(t, j.Work(t.Context(), e, WorkOptions{Check: -1, Workers: c.workers}))
				s, err := j.Status()
				expect.NoError(t, err)
				expect.Equal(t, "state", s.State, "failed")
				expect.Equal(t, "failed shards", s.ShardsFailed, 1)
				expect.Equal(t, "the failed shard", s.Failures[0].Shard, c.shard)
				expect.Equal(t, "complete", exists(j.path(successName)), false)
				_, err = j.Merge(t.Context(), filepath.Join(t.TempDir(), "m.npy"))
				refused(t, err, "not complete")
				good.Store(true)
				n, err := j.Retry()
				expect.NoError(t, err)
				expect.Equal(t, "shards to do again", n, 1)
				expect.NoError(t, j.Work(t.Context(), e, WorkOptions{Check: -1}))
				complete(t, j, e)
			})
		})
	}
}

// Shards that fail one after the other, while all others pass, are each given up, and the job is
// not paused.
func TestFailedShards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e *embedtest.Fake
		e = script(func(call embedtest.Call) embedtest.Reply {
			r := embedtest.Reply{Latency: time.Second}
			if shard := number(call) / 100; shard%2 == 1 && shard < 8 {
				r.Err = failing(e, embedding.Unavailable, 503)
			}
			return r
		})
		j := job(t, e, 1000)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Hour)
		defer cancel()
		expect.NoError(t, j.Work(ctx, e, WorkOptions{Check: -1, Workers: 1}))
		s, err := j.Status()
		expect.NoError(t, err)
		expect.Equal(t, "failed shards", s.ShardsFailed, 4)
		expect.Equal(t, "vectors", s.Vectors, 600)
	})
}

// A circuit that is open for good behind the job's layers is an outage and not waited for.
func TestOutageOfAnotherCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e *embedtest.Fake
		e = script(func(embedtest.Call) embedtest.Reply {
			m := e.Model()
			err := m.Errorf(embedding.Unavailable, "the circuit is open")
			err.Code = middleware.CodeOpen
			return embedtest.Reply{Err: err}
		})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Hour)
		defer cancel()
		for _, texts := range []int{100, 1000} { // a single shard is not blamed either
			j := job(t, e, texts)
			refused(t, j.Work(ctx, e, WorkOptions{Check: -1}), "paused (failures)", "the circuit is open")
		}
	})
}

// A change inside a file, which no look at its beginning and end finds, fails its shard and names
// it; the other shards are done. The file that was there before makes the job complete.
func TestChangedInTheMiddle(t *testing.T) {
	e := paid()
	var b strings.Builder
	for i := range 30_000 {
		fmt.Fprintf(&b, "text %d%s\n", i, strings.Repeat(" word", 20))
	}
	in := put(t, "a.txt", b.String())
	j := start(t, e, Options{Inputs: []string{in}, Out: filepath.Join(t.TempDir(), "out")})
	expect.NoError(t, os.WriteFile(in, []byte(strings.Replace(b.String(), "text 16000 word", "TEXT 16000 word", 1)), 0o600))
	expect.NoError(t, j.Work(t.Context(), e, WorkOptions{}))
	failed, err := j.Failures()
	expect.NoError(t, err)
	if len(failed) != 1 || failed[0].Shard != 3 || !strings.Contains(failed[0].Reason, "the input has changed since the job was planned") ||
		!strings.Contains(failed[0].Reason, in) {
		t.Fatalf("got the failures %v, want shard 3 with the input's name", failed)
	}
	expect.NoError(t, os.WriteFile(in, []byte(b.String()), 0o600))
	_, err = j.Retry()
	expect.NoError(t, err)
	expect.NoError(t, j.Work(t.Context(), e, WorkOptions{}))
	s, err := j.Status()
	expect.NoError(t, err)
	expect.Equal(t, "vectors", s.Vectors, 30_000)
}

// A folder in which nothing can be written pauses the job after three attempts. Nothing is paid for
// that could not be kept.
func TestDisk(t *testing.T) {
	for _, name := range []string{walName, tmpName} {
		synctest.Test(t, func(t *testing.T) {
			e := paid()
			j := job(t, e, 1000)
			expect.NoError(t, os.WriteFile(j.path(name), nil, 0o600)) // where a folder has to be
			err := j.Work(t.Context(), e, WorkOptions{})
			refused(t, err, "paused (disk)", j.path(name))
			expect.Equal(t, "requests", len(e.Calls()), 0)
			expect.NoError(t, os.Remove(j.path(name)))
			_, err = j.Resume()
			expect.NoError(t, err)
			expect.NoError(t, j.Work(t.Context(), e, WorkOptions{}))
			complete(t, j, e)
		})
	}
}

// A model that changes in the middle of a job pauses it, and the shards since the last good check
// are named. Done again by the right model, all vectors are of one space.
func TestDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var changed atomic.Bool
		right := paid()
		model := right.Model()
		model.Variant = "another model, which the provider does not say"
		wrong := embedtest.NewFake(embedtest.FakeOptions{Model: model})
		e := embedding.Wrap(embedding.Chain(right), right.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			time.Sleep(time.Second)
			if changed.Load() {
				return wrong.Embed(ctx, req)
			}
			return right.Embed(ctx, req)
		})
		j := job(t, e, 3000)
		time.AfterFunc(20*time.Second, func() { changed.Store(true) })
		err := j.Work(t.Context(), e, WorkOptions{Check: 4, Workers: 1})
		paused, ok := errors.AsType[*Paused](err)
		if !ok || paused.Kind != "drift" || len(paused.Suspect) == 0 {
			t.Fatalf("got the error %v, want a drift that names shards", err)
		}
		changed.Store(false)
		n, err := j.Retry(paused.Suspect...)
		expect.NoError(t, err)
		expect.Equal(t, "shards to do again", n, len(paused.Suspect))
		_, err = j.Resume()
		expect.NoError(t, err)
		expect.NoError(t, j.Work(t.Context(), e, WorkOptions{Check: 4}))
		to := filepath.Join(t.TempDir(), "m.jsonl")
		_, err = j.Merge(t.Context(), to)
		expect.NoError(t, err)
		data := content(t, to)
		for i := range 3000 {
			v := right.Vector(embedding.TaskDocument, fmt.Sprintf("text %d", i))
			if row := data[128+i*32 : 128+i*32+32]; row != string(bytesOf(v)) {
				t.Fatalf("text %d has the vector of another model", i)
			}
		}
		s, err := j.Status()
		expect.NoError(t, err)
		expect.Equal(t, "tokens of the job and of checks", s.Tokens-s.Checks > 0 && s.Checks > 0, true)
	})
}

// Checks count in the cost of a job.
func TestChecksCost(t *testing.T) {
	e := paid()
	j := job(t, e, 3000)
	expect.NoError(t, j.Work(t.Context(), e, WorkOptions{}))
	s, err := j.Status()
	expect.NoError(t, err)
	expect.Equal(t, "tokens", s.Tokens, e.Ledger().Tokens)
	if s.Checks == 0 {
		t.Error("got no tokens of checks, want some")
	}
	expect.NoError(t, j.Work(t.Context(), e, WorkOptions{})) // there is nothing to do
	expect.Equal(t, "tokens after another run", e.Ledger().Tokens, s.Tokens)
	j = job(t, e, 1000) // of fewer shards than there are between two checks
	expect.NoError(t, j.Work(t.Context(), e, WorkOptions{}))
	expect.Equal(t, "a small job is checked", exists(j.path(checksName)), false)
}

// An embedder of another space, or of another variant, does not work on a job.
func TestWorkRefusesSpace(t *testing.T) {
	j := job(t, paid(), 10)
	m := paid().Model()
	m.ID, m.Space = "n", ""
	err := j.Work(t.Context(), embedtest.NewFake(embedtest.FakeOptions{Model: m}), WorkOptions{})
	refused(t, err, `"acme/m@8"`, `"acme/n@8"`, "another folder")
	m = paid().Model()
	m.Variant = "polite"
	err = j.Work(t.Context(), embedtest.NewFake(embedtest.FakeOptions{Model: m}), WorkOptions{})
	refused(t, err, `variant ""`, `"polite"`)
}

// Queries of a model with roles are queries, and a cache between attempts does not mix them up.
func TestTask(t *testing.T) {
	m := paid().Model()
	m.Symmetric = false
	e := embedtest.NewFake(embedtest.FakeOptions{Model: m})
	j := start(t, e, Options{Inputs: []string{put(t, "a.txt", "one\n")}, Out: filepath.Join(t.TempDir(), "out"), Task: embedding.TaskQuery})
	expect.NoError(t, j.Work(t.Context(), e, WorkOptions{}))
	data := content(t, filepath.Join(j.dir, dataName, partFolder(0), npyName))
	expect.Equal(t, "vector", data[128:], string(bytesOf(e.Vector(embedding.TaskQuery, "one"))))
}

// A shard whose attempts have ended five times is done in pieces, with the same results.
func TestCarefulAttempt(t *testing.T) {
	e := paid()
	j := job(t, e, 250)
	expect.NoError(t, os.MkdirAll(j.path(claimsName), 0o700))
	expect.NoError(t, os.WriteFile(filepath.Join(j.path(claimsName), "000001.5"), []byte(`{"worker":"gone"}`), 0o600))
	expect.NoError(t, os.MkdirAll(j.path(walName), 0o700))
	expect.NoError(t, os.WriteFile(filepath.Join(j.path(walName), "000001.pieces"),
		[]byte(`{"trying":true,"low":30,"high":31,"deaths":2}`), 0o600))
	expect.NoError(t, j.Work(t.Context(), e, WorkOptions{}))
	v, err := j.Verify(t.Context())
	expect.NoError(t, err)
	expect.Equal(t, "verified", v, Verified{Parts: 3, Texts: 250, Vectors: 249, Rejected: 1})
	got := content(t, filepath.Join(j.dir, dataName, partFolder(1), rejectedName))
	if !strings.Contains(got, `"index":130,`) || !strings.Contains(got, errKiller.Error()) {
		t.Errorf("got %s, want record 130 and why it is left out", got)
	}
}
