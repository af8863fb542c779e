package middleware

import (
	"context"
	"log/slog"
	"time"

	"github.com/vecspace/embedding"
)

// Event describes one call to [Observe] or [Attempts]. It contains no text.
type Event struct {
	Model    embedding.Model
	Task     embedding.Task
	Texts    int             // texts in the request
	Usage    embedding.Usage // if the call failed, of the texts that succeeded
	ID       string          // the provider's request id; may be empty
	Start    time.Time
	Duration time.Duration
	Err      error // nil if all texts succeeded
}

// Observe calls fn once per call, as the caller sees it: cached texts are in Usage.Reused, and
// Duration includes the waits of Retry and Limit. It belongs outermost. An empty request makes no
// event.
//
// fn runs in the caller's goroutine before the call returns, so it must be quick, and safe for
// concurrent use. It may be nil.
func Observe(fn func(Event)) embedding.Middleware { return listen(fn) }

// Attempts calls fn once per request that is sent, retries and hedges included, even if the
// caller has left. It belongs innermost: only there is all the spending seen, such as requests
// that were billed and then failed. fn must be quick, and safe for concurrent use. It may be nil.
func Attempts(fn func(Event)) embedding.Middleware { return listen(fn) }

// Log returns a function for [Observe] or [Attempts] that logs each event to l, at level Debug,
// or Warn if the call failed. It logs neither texts nor keys. If l is nil, Log returns nil and
// nothing is logged.
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

func listen(fn func(Event)) embedding.Middleware {
	return func(next embedding.Embedder) embedding.Embedder {
		next = embedding.Chain(next)
		if fn == nil {
			return next
		}
		m := next.Model()
		return embedding.Wrap(next, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			start := time.Now()
			res, err := next.Embed(ctx, req)
			got := embedding.Salvage(res, err)
			fn(Event{
				Model: m, Task: req.Task, Texts: len(req.Texts), Usage: got.Usage, ID: got.ID,
				Start: start, Duration: time.Since(start), Err: err,
			})
			return res, err
		})
	}
}
