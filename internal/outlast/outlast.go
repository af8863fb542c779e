// Package outlast lets requests under way outlast the end of the work that they are for.
package outlast

import (
	"context"
	"errors"
)

// Context returns a context that ends with ctx, unless ctx ends because stop has ended: what is
// under way then is billed, and its answer is kept. It keeps the deadline and the values. Call the
// function after the request.
func Context(ctx, stop context.Context) (context.Context, func()) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	if due, ok := ctx.Deadline(); ok {
		own, cancel = context.WithDeadline(context.WithoutCancel(ctx), due)
	}
	unwatch := context.AfterFunc(ctx, func() {
		if stop.Err() == nil && errors.Is(ctx.Err(), context.Canceled) { // own has the deadline too
			cancel()
		}
	})
	return own, func() { unwatch(); cancel() }
}
