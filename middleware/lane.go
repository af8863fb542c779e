package middleware

import (
	"context"

	"github.com/vecspace/embedding"
)

// Lane says whether somebody waits for a call. [Limit] serves the lanes of one account.
type Lane uint8

// The lanes. The zero value is Interactive.
const (
	Interactive Lane = iota // a query: served first
	Bulk                    // an index job: at most nine tenths of what the account allows
	lanes       = iota
)

// bulkShare is the part of an account that Bulk may take.
const bulkShare = 0.9

// bulkOf returns how many of most requests at once may be in the lane Bulk.
func bulkOf(most int) int { return max(1, int(bulkShare*float64(most))) }

// laneKey is the key of the lane in a context.
type laneKey struct{}

// WithLane returns a context whose calls are in the lane, whatever [LimitOptions].Lane says. It
// changes neither vectors nor the keys of caches. An unknown lane is an Invalid error of the call.
func WithLane(ctx context.Context, lane Lane) context.Context {
	return context.WithValue(ctx, laneKey{}, lane)
}

// laneOf returns the lane of a context, or other if it has none.
func laneOf(ctx context.Context, other Lane) Lane {
	if lane, ok := ctx.Value(laneKey{}).(Lane); ok {
		return lane
	}
	return other
}

// inLane puts the calls without a lane into one. It stands outside [Coalesce], which keeps the
// lanes apart.
func inLane(lane Lane) embedding.Middleware {
	if lane == Interactive {
		return nil
	}
	return func(next embedding.Embedder) embedding.Embedder {
		next = embedding.Chain(next)
		return embedding.Wrap(next, next.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			return next.Embed(WithLane(ctx, laneOf(ctx, lane)), req)
		})
	}
}

// unknownLane is Limit's error for a lane that does not exist.
func unknownLane(m embedding.Model, lane Lane) error {
	return m.Errorf(embedding.Invalid, "middleware.Limit: the lane %d does not exist: use Interactive or Bulk", lane)
}

// ahead is the waiters before a request, by their lanes.
type ahead struct{ requests, tokens [lanes]int }

// line is the waiters of one lane, in order.
type line struct {
	first, last      *waiter
	requests, tokens int // of all of them
}

func (q *line) push(w *waiter) {
	if w.before = q.last; q.last != nil {
		q.last.behind = w
	} else {
		q.first = w
	}
	q.last = w
	q.requests, q.tokens = q.requests+1, q.tokens+w.tokens
}

// drop removes w, and the others move up.
func (q *line) drop(w *waiter) {
	if w.before != nil {
		w.before.behind = w.behind
	} else {
		q.first = w.behind
	}
	if w.behind != nil {
		w.behind.before = w.before
	} else {
		q.last = w.before
	}
	q.requests, q.tokens = q.requests-1, q.tokens-w.tokens
}
