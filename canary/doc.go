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
// A Check embeds every text of the reference once: 10 short built-in ones, a long one of about
// 3,000 tokens and the caller's own. That is one request, or two if the model's Limits.Texts is 10,
// and as many again for queries unless the model is Symmetric. It has about 3,300 tokens, or 6,600
// with queries, nearly all of them of the long text: at 0.10 USD per million tokens, 1,000 checks
// cost 0.33 or 0.66 USD. Record embeds the same at least twice.
//
// The long text shows that a model reads less of a text than before, such as a context window that
// shrank from 8,192 tokens to 2,048. Record cuts it to the model's limit, and halves it while the
// model refuses it. Changes of a window above 3,000 tokens are not seen. References of earlier
// versions have no long text: record them again to see such a change.
//
// # What it stores
//
// A reference holds its texts in the clear beside their vectors. [Reference.Save] makes the file
// readable by its owner only.
package canary
