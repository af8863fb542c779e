// Package embedding turns texts into vectors through providers that can be swapped by changing one string.
//
// An application depends on one small interface, Embedder. A provider (DashScope, OpenAI, a local model) implements
// it; everything production needs around a provider (splitting to its limits, retries, caching, timeouts, checks) is
// Middleware, composed by Chain in a documented order; adapters hand the composed Embedder to vector stores.
//
//	e, err := providers.Open("static:base") // or "dashscope:text-embedding-v4"
//	...
//	e = embedding.Chain(e, middleware.Standard(middleware.StandardOptions{}))
//	vectors, err := embedding.Documents(ctx, e, texts)
//
// # Vector spaces
//
// Vectors are comparable only inside one space. Model.Space names it, and it is compared wherever vectors could meet:
// in a cache, in a fallback, in a store. Model.Variant says that the same text gives another vector in that space.
//
// # The guard
//
// Chain puts the guard around a provider once. It owns the invariants:
//
//   - an empty request makes no call; more texts than Model.Limits.Texts is TooLarge
//   - a text that is empty, blank or not UTF-8 is Rejected with its index, and the good texts are sent
//   - an answer has one vector a text, all of Model.Dimensions (where unknown: of the first length seen), every value finite
//   - every error is the caller's context error, an *Error or a *PartialError
//
// # Errors
//
// Every failure has a Kind, which says what can be done about it; errors.Is(err, embedding.RateLimited) asks for one.
// What was paid for is never lost: when some texts fail, the rest is inside the *PartialError, and Salvage returns it.
// Keys and texts are never part of an error.
//
// # Ownership
//
// Nobody edits what is shared: Request.Texts belongs to the caller, rows of a Response may be shared with a cache.
// Documents, Query and Stream return copies that are the caller's own.
package embedding
