package middleware

import (
	"context"
	"log/slog"
	"time"

	"github.com/vecspace/embedding"
)

// Event is one call, as Observe and Attempts tell it. It holds no text.
type Event struct {
	Model    embedding.Model
	Task     embedding.Task
	Texts    int             // asked for
	Usage    embedding.Usage // also of the part that succeeded before an error
	ID       string          // the provider's request id, if there is one
	Start    time.Time
	Duration time.Duration
	Err      error // nil, or what embedding.KindOf classifies
}

// Observe tells hear about each call as the caller sees it: cached texts are in Usage.Reused, waiting for retries and
// limits is in Duration. It belongs outermost. hear runs in the caller's goroutine before the call returns, so it
// must be quick and safe for concurrent use. An empty request makes no event.
func Observe(hear func(Event)) embedding.Middleware { return listen(hear) }

// Attempts tells hear about each request that is really sent, also those that are retried or hedged and those whose
// caller has left. It belongs innermost: money is known only here. An attempt that was paid for and then failed is seen
// here only. hear must be quick and safe for concurrent use.
func Attempts(hear func(Event)) embedding.Middleware { return listen(hear) }

// Log returns a listener for Observe or Attempts that writes an event to l: at level Debug, or Warn if it failed. Neither texts nor
// keys are in it. Nothing is logged unless it is asked for: a nil l writes nothing.
//
//	middleware.Observe(middleware.Log(slog.Default()))
func Log(l *slog.Logger) func(Event) {
	if l == nil {
		return nil
	}
	return func(e Event) {
		level := slog.LevelDebug
		attrs := []slog.Attr{
			slog.String("provider", e.Model.Provider), slog.String("model", e.Model.ID), slog.String("task", e.Task.String()),
			slog.Int("texts", e.Texts), slog.Int("requests", e.Usage.Requests), slog.Int("tokens", e.Usage.Tokens),
			slog.Int("reused", e.Usage.Reused), slog.Duration("took", e.Duration),
		}
		if e.ID != "" {
			attrs = append(attrs, slog.String("request", e.ID))
		}
		if e.Err != nil {
			level = slog.LevelWarn
			attrs = append(attrs, slog.String("kind", embedding.KindOf(e.Err).Error()), slog.String("error", e.Err.Error()))
		}
		l.LogAttrs(context.Background(), level, "embedding", attrs...)
	}
}

func listen(hear func(Event)) embedding.Middleware {
	return func(next embedding.Embedder) embedding.Embedder {
		next = embedding.Chain(next) // guarded, and a nil one panics with a clear message
		if hear == nil {
			return next
		}
		m := next.Model()
		return embedding.Wrap(next, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			if req.Len() == 0 {
				return next.Embed(ctx, req)
			}
			start := time.Now()
			res, err := next.Embed(ctx, req)
			got := embedding.Salvage(res, err)
			hear(Event{
				Model: m, Task: req.Task, Texts: req.Len(), Usage: got.Usage, ID: got.ID,
				Start: start, Duration: time.Since(start), Err: err,
			})
			return res, err
		})
	}
}
