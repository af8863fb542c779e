package percall

import "context"

type wholeKey struct{}

// Whole marks the context of a search that wants the reserved keys of package collection in its
// results: the guard of adapters/langchaingo/store compares them.
func Whole(ctx context.Context) context.Context { return context.WithValue(ctx, wholeKey{}, true) }

// IsWhole reports whether Whole has marked ctx.
func IsWhole(ctx context.Context) bool { return ctx.Value(wholeKey{}) != nil }
