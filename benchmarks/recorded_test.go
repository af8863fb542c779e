package benchmarks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func TestNothingIsPaidTwice(t *testing.T) {
	dir := t.TempDir()
	first := fake("a", nil)
	want := compare(t, quick(dir), []Task{tiny(), tinyPairs()}, first)
	again := fake("a", nil)
	got := compare(t, quick(dir), []Task{tiny(), tinyPairs()}, again)
	expect.Equal(t, "calls for what is recorded", len(again.Calls()), 0)
	expect.Equal(t, "the candidate a", fmt.Sprint(find(t, got, "tiny", "a")), fmt.Sprint(find(t, want, "tiny", "a")))
	for _, q := range tiny().requests() {
		expect.Equal(t, q.text+", times billed", first.Billed(q.text), 1)
	}
	o := quick(dir)
	o.Offline = true
	offline := compare(t, o, []Task{tiny(), tinyPairs()}, again)
	if len(again.Calls()) != 0 || len(offline.Failed()) != 0 || !offline.Run.Offline {
		t.Errorf("offline: %d calls, failed %v", len(again.Calls()), offline.Failed())
	}
}

// Offline, a reference needs no key, and an unrecorded answer fails the candidate without a call.
func TestOffline(t *testing.T) {
	dir := t.TempDir()
	o := quick(dir)
	refs := []Candidate{{Reference: "static:base"}, {Reference: "static:base?dimensions=64"}}
	_, err := Compare(t.Context(), refs[:1], []Task{tiny()}, o)
	expect.NoError(t, err)
	o.Offline = true
	r, err := Compare(t.Context(), refs, []Task{tiny()}, o)
	if err != nil || !slices.Equal(r.Failed(), []string{"static:base?dimensions=64"}) {
		t.Fatalf("failed %v, %v", r.Failed(), err)
	}
	r, err = Compare(t.Context(), refs[:1], []Task{tiny(), tinyPairs()}, o)
	if err != nil || !strings.Contains(r.Candidates[0].Failure, "not recorded") {
		t.Errorf("failure %q, %v", r.Candidates[0].Failure, err)
	}
	if find(t, r, "tiny", "static:base").Failure != "" || find(t, r, "tiny pairs", "static:base").Failure == "" {
		t.Error("the task that is recorded has no figures, or the other has some")
	}
}

// A candidate that fails half way is shown as failed, its paid answers are kept, and the others are
// compared.
func TestHalfWay(t *testing.T) {
	dir := t.TempDir()
	broken := fake("broken", func(c embedtest.Call) embedtest.Reply {
		if c.Number > 3 {
			return embedtest.Reply{Err: &embedding.Error{Kind: embedding.Exhausted, Err: errors.New("arrears")}}
		}
		return embedtest.Reply{}
	})
	r := compare(t, quick(dir), []Task{tiny()}, broken, fake("good", nil))
	if !slices.Equal(r.Failed(), []string{"broken"}) || !strings.Contains(r.Candidates[0].Failure, "arrears") {
		t.Fatalf("failed %v: %s", r.Failed(), r.Candidates[0].Failure)
	}
	if find(t, r, "tiny", "broken").Failure == "" || len(find(t, r, "tiny", "good").Scores) == 0 {
		t.Error("the failed row has no reason, or the good one no figures")
	}
	healed := fake("broken", nil)
	r = compare(t, quick(dir), []Task{tiny()}, healed)
	if len(r.Failed()) != 0 || healed.Ledger().Tokens == 0 {
		t.Fatalf("failed %v", r.Failed())
	}
	for _, q := range tiny().requests() {
		expect.Equal(t, q.text+", times billed", broken.Billed(q.text)+healed.Billed(q.text), 1)
	}
}

func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	var served atomic.Int64
	slow := fake("a", func(c embedtest.Call) embedtest.Reply {
		if served.Add(1) == 3 {
			cancel()
			return embedtest.Reply{Latency: time.Hour}
		}
		return embedtest.Reply{}
	})
	r, err := Compare(ctx, []Candidate{{Embedder: slow, Parallel: 1}}, []Task{tiny()}, quick(dir))
	if !errors.Is(err, context.Canceled) || r == nil || r.Run.Complete || len(r.Failed()) != 0 {
		t.Fatalf("got %v, %+v, want context canceled and an incomplete report without failures", err, r)
	}
	rest := fake("a", nil)
	compare(t, quick(dir), []Task{tiny()}, rest)
	for _, q := range tiny().requests() {
		expect.Equal(t, q.text+", times billed", slow.Billed(q.text)+rest.Billed(q.text), 1)
	}
	if rest.Ledger().Requests >= 6 {
		t.Errorf("%d requests after the interruption: nothing was kept", rest.Ledger().Requests)
	}
}
