// Package canary detects a model that its vendor changed silently. It keeps reference vectors for a
// fixed set of texts and compares a provider's answers with them, at startup and at intervals.
// Another model under the same name, other dimensions or other lengths would corrupt an index
// without an error.
//
//	ref, err := canary.Record(ctx, e, canary.Options{}) // once, when the index is built
//	err = ref.Save("canary.json")
//	...
//	ref, err := canary.Load("canary.json") // at every start
//	err = canary.Check(ctx, e, ref)
//	if drift, ok := errors.AsType[*canary.Drift](err); ok {
//		// new vectors must not be compared with the index
//	}
//
// [Record] makes a [Reference], [Check] compares with it once, [Watch] at intervals. A [Drift] is
// the error of a Check that found a [Change].
//
// # Which embedder
//
// Pass the Embedder as opened, with at most a Retry around it. A cache or Coalesce would answer in
// the provider's place; Record and Check return an error if a text was not sent.
//
// # What it costs
//
// A Check embeds every text of the reference once: 10 short built-in ones and the caller's own.
// That is one request, or several if the model's Limits.Texts is lower, and as many again for
// queries unless the model is Symmetric. Record embeds the same at least twice.
//
// # What it stores
//
// A reference holds its texts in the clear beside their vectors. [Reference.Save] makes the file
// readable by its owner only.
package canary
