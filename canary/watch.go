package canary

import (
	"context"
	"errors"
	"time"

	"github.com/vecspace/embedding"
)

// Watch checks e at once and then again an interval of every after each check, until ctx ends. It
// calls report with the result of each check, nil included, in the caller's goroutine; it does not
// report a check that the end of ctx interrupted. An every of 0 or less checks once.
//
// An error other than a [*Drift] says nothing about the model: the provider did not answer, and a
// later check may.
func Watch(ctx context.Context, e embedding.Embedder, ref Reference, every time.Duration, report func(error)) {
	if report == nil {
		return // the checks would cost requests and tell nobody
	}
	for ctx.Err() == nil {
		err := Check(ctx, e, ref)
		if _, drift := errors.AsType[*Drift](err); err != nil && !drift && ctx.Err() != nil {
			return
		}
		report(err)
		if every <= 0 {
			return
		}
		timer := time.NewTimer(every)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}
