package middleware

import (
	"context"
	"time"
)

// sleep waits for d or until ctx ends, and returns ctx's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err()
}

// callers are who waits for a call that Coalesce has detached from their contexts.
type callers interface {
	// deadline returns the latest of those who wait now, and false if one of them has none.
	deadline() (time.Time, bool)
	// waits says which failure the call waits after, for callers who leave meanwhile.
	waits(reason error)
}

// callersKey is the key of the callers in the context of a shared call.
type callersKey struct{}

// deadline returns when nobody waits for a call any more: the deadline of ctx or, in a shared call,
// the latest of its callers.
func deadline(ctx context.Context) (time.Time, bool) {
	end, limited := ctx.Deadline()
	if c, ok := ctx.Value(callersKey{}).(callers); ok {
		if latest, ok := c.deadline(); ok && (!limited || latest.Before(end)) {
			return latest, true
		}
	}
	return end, limited
}

// late reports whether nobody waits for a call any more at a time.
func late(ctx context.Context, at time.Time) bool {
	end, limited := deadline(ctx)
	return limited && at.After(end)
}

// waits tells the callers of a shared call that it waits after err.
func waits(ctx context.Context, err error) {
	c, ok := ctx.Value(callersKey{}).(callers)
	if !ok {
		return
	}
	for e := range causes(err) { // not a PartialError, whose rows are of another request
		if again, _ := retryable(e); again {
			c.waits(e)
			return
		}
	}
}
