package canary

import (
	"context"
	"errors"
	"time"

	"github.com/vecspace/embedding"
)

// Watch checks e at once and then again, every after the end of the last check, until ctx ends. It tells report the outcome of
// each check, nil included, so that a recovery is heard of too; a check that the end of ctx interrupts is not told. An
// every of 0 or less checks once. Watch returns when it is done; report runs in its goroutine.
//
// An error that is no *Drift says nothing about the model: the provider did not answer, and the next check may tell.
func Watch(ctx context.Context, e embedding.Embedder, ref Reference, every time.Duration, report func(error)) {
	if report == nil {
		return // nobody would hear of what the requests cost
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
