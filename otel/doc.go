// Package otelembedding tells OpenTelemetry what embedding costs, how long it takes and how it fails, by spans and metrics
// that follow the semantic conventions for generative AI.
//
//	telemetry, err := otelembedding.New(otelembedding.Options{})
//	...
//	e = embedding.Chain(e,
//		telemetry.Observe, // outermost: what the caller sees
//		middleware.Standard(middleware.StandardOptions{}),
//		telemetry.Attempts, // innermost: what is really sent, and paid for
//	)
//
// What the conventions name (gen_ai.*) is measured once for each request that is really sent, by Attempts: the provider, the
// tokens and the money are known only there, and whoever sums gen_ai.usage.input_tokens over spans counts nothing twice. What the
// caller sees (waiting, retries, cached texts) has names of its own (embedding.*), by Observe. README.md lists them all.
//
// Texts, vectors, keys and the words of errors are never told; errors are told by their Kind, status and the provider's code.
package otelembedding
