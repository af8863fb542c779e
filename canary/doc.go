// Package canary notices a silently changed model. It keeps reference vectors of a fixed set of texts for a Space and checks a
// provider against them, on start and at intervals: a provider that serves another model under the same name, other
// dimensions, vectors of another length or in another order corrupts an index without any error.
//
//	ref, err := canary.Record(ctx, e, canary.Options{}) // once, when the index is built
//	err = ref.Save("canary.json")
//	...
//	ref, err := canary.Load("canary.json") // on every start
//	err = canary.Check(ctx, e, ref)
//	if drift, ok := errors.AsType[*canary.Drift](err); ok {
//		// the vectors of the index and new ones must not be compared
//	}
//
// # Which embedder
//
// Give it what talks to the provider: the Embedder as opened, with a Retry around it if you like. A cache or a Coalesce in between
// would answer for the provider; Record and Check return an error where a text was not really asked for.
//
// # What it costs
//
// A Check embeds every text of the reference once, 10 short ones of its own and the user's: one request, or as many as the
// model's Limits.Texts make of it, and as many again, as queries, where the Task matters (Model.Symmetric is false).
// Record asks for the same at least twice.
//
// # What it stores
//
// A reference holds its texts in the clear beside their vectors. Save makes the file readable by its owner only.
package canary
