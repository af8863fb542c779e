// Package dashscopetest emulates DashScope's text embeddings, so that programs and tests run
// against the service's limits, error bodies and failures without a key, a network or a bill.
//
//	e, err := dashscopetest.New(dashscopetest.Options{})
//	server := httptest.NewServer(e)
//	// base URL of the compatible API: server.URL + dashscopetest.BasePath, key: emulator.DefaultKey
//
// The emulator answers the OpenAI-compatible path ([CompatiblePath], errors in an envelope) and the
// native path ([NativePath], flat errors, dense vectors only). The command "vecspace emulate
// dashscope" serves it to other processes, with its ledger, faults and settings under
// [emulator.ControlPath].
//
// # What is like the service
//
// The emulator copies the service's paths, headers, request ids, answers and error texts. It checks
// requests in the service's order, with the same limits and dimensions per model and region, and a
// key is good in one region only. If nobody has captured an answer of the service, the source says
// so.
//
// Package emulator explains the vectors. The native path respects text_type and instruct: a query's
// vector is close to the document's. The compatible path ignores both; whether the service does is
// unknown.
//
// [embedding.EstimateTokens] counts the tokens, so counts are similar to the service's but not
// equal. A blank text gets the same error as a text that is too long.
//
// # What goes wrong
//
// A request with more than Limits.Texts texts gets the batch size error, and one with a text over
// TextTokens gets the range error. A request over Tokens or Bytes gets BadRequest.TooLarge, a guess
// that no capture confirms.
//
// Rates ([emulator.Settings]) answer with status 429. Faults ([emulator.Fault], [Catalog]) strike
// always, the next n times, from the k-th request on, or with a probability, and they combine.
// Options.Seed decides the random ones. The fault answer sends any body.
//
// The [emulator.Ledger] counts what was billed, what was billed and then lost on its way, and what
// was paid for twice. It keeps digests, not texts.
//
// The emulator reads the time from package time only: in a testing/synctest bubble, latency and
// rates run in virtual time.
package dashscopetest
