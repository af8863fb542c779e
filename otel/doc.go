// Package otelembedding reports to OpenTelemetry what embedding costs, how long it takes and how it
// fails. Its spans and metrics follow the semantic conventions for generative AI.
//
//	telemetry, err := otelembedding.New(otelembedding.Options{})
//	...
//	e = embedding.Chain(e,
//		telemetry.Observe, // outermost: what the caller sees
//		middleware.Standard(middleware.StandardOptions{}),
//		telemetry.Attempts, // innermost: what is sent and paid for
//	)
//
// [Telemetry.Attempts] measures each request that is sent, under the conventions' names (gen_ai.*).
// Only there are the provider, the tokens and the cost known, and a sum of
// gen_ai.usage.input_tokens over spans counts nothing twice. [Telemetry.Observe] measures what the
// caller sees, including waits, retries and cached texts, under names of its own (embedding.*).
// README.md lists all names.
//
// Texts, vectors, keys and the messages of errors are never reported. Errors are reported by their
// Kind, status and the provider's code.
package otelembedding
