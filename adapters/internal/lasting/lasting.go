// Package lasting lets a write end that was paid for.
package lasting

import (
	"context"
	"time"
)

// grace is how long a write may go on after the caller has left.
const grace = 30 * time.Second

// Context returns a context that ends 30 seconds later than ctx. The caller must call the function.
func Context(ctx context.Context) (context.Context, func()) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-out.Done():
		}
	})
	return out, func() { stop(); cancel() }
}
