package benchmarks

import (
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
)

// Errors are part of the speed: none is tried again, none is dropped.
func TestSpeedCountsErrors(t *testing.T) {
	f := fake("a", func(c embedtest.Call) embedtest.Reply {
		if c.Number%2 == 0 {
			return embedtest.Reply{Err: &embedding.Error{Kind: embedding.RateLimited, Status: 429}}
		}
		return embedtest.Reply{}
	})
	dir := t.TempDir()
	o := Options{Dir: dir, Resamples: 200, NoDimensions: true, Speed: SpeedOptions{Requests: 10, Rate: 1000}}
	r := compare(t, o, []Task{tiny()}, f)
	s := r.Candidates[0].Speed
	if len(s) != 4 || s[0].Errors["rate limited"] != 5 || s[0].Requests != 10 {
		t.Fatalf("got %+v, want 4 measurements, the first with 10 requests and 5 rate limits", s)
	}
	again := fake("a", nil)
	if r := compare(t, o, []Task{tiny()}, again); len(again.Calls()) != 0 || r.Candidates[0].Speed[0].P50 != s[0].P50 {
		t.Error("what was measured before was measured again")
	}
	offline := Options{Dir: dir, Resamples: 200, NoDimensions: true, Offline: true}
	if r := compare(t, offline, []Task{tiny()}, again); len(r.Candidates[0].Speed) != 4 || len(again.Calls()) != 0 {
		t.Error("offline, what was measured is not shown")
	}
}

// If the largest measured batch is smaller than the model's limit, the report says so.
func TestLargestBatch(t *testing.T) {
	o := Options{Dir: t.TempDir(), Resamples: 200, NoDimensions: true, Speed: SpeedOptions{Requests: 2, Rate: 1000, Largest: 6}}
	r := compare(t, o, []Task{tiny()}, fake("a", nil))
	var sizes []int
	for _, s := range r.Candidates[0].Speed {
		sizes = append(sizes, s.Batch)
	}
	if !slices.Equal(sizes, []int{1, 4, 6, 1}) || !strings.Contains(strings.Join(r.Notes, " "), "a takes 10 texts at once; its speed was measured with at most 6.") {
		t.Errorf("batches of %v, notes %q", sizes, r.Notes)
	}
}
