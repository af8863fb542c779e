// Package dashscopetest emulates DashScope's text embeddings, so that programs and tests run
// against the service's limits, error bodies and moods without a key, a network or a bill.
//
//	e, err := dashscopetest.New(dashscopetest.Options{})
//	server := httptest.NewServer(e)
//	// base URL of the compatible API: server.URL + dashscopetest.BasePath, key: emulator.DefaultKey
//
// It answers the OpenAI-compatible path (CompatiblePath, errors in an envelope) and the native one
// (NativePath, flat errors, dense vectors only). "vecspace emulate dashscope" serves it as a
// command, with its ledger, faults and settings under [emulator.ControlPath] for other processes.
//
// # What is like the service
//
// Paths, headers, request ids, the shape of answers, the texts of errors and the order in which
// they are looked for, the limits and dimensions per model and region, keys that are good in one
// region only. Where no capture of the service's answer exists, the source says so beside it.
//
// Vectors have unit length and depend on model, text, dimensions and a query's role only, bit for
// bit. They are the local model's (static:base), turned into a space of the model's own and drawn
// out to the dimensions asked for: search through the emulator finds what the local model finds,
// cosines at 256, 512, 768, ... dimensions are the local model's, and a vector cut short and
// brought to unit length is the shorter vector. Two models' vectors have nothing in common. The
// native path heeds text_type and instruct: a query's vector lies close to the document's. The
// compatible path ignores both, which is one of the two things that the service may do.
//
// Tokens are counted by embedding.EstimateTokens, so they are of the size of the service's and not
// the same. A blank text is refused like one that is too long.
//
// # What goes wrong
//
// More texts than Limits.Texts get the batch size error, a text of more than TextTokens the range
// error, and more than Tokens or Bytes, of which no capture exists, BadRequest.TooLarge.
//
// Rates ([emulator.Settings]) answer 429. Faults ([emulator.Fault], [Catalog]) strike always, the
// next n times, from the k-th request on, or with a probability, alone or together; they are drawn
// from Options.Seed. The fault answer sends any body. The [emulator.Ledger] counts what was billed, what was billed and
// then lost on its way, and what was paid for twice. It keeps digests and no texts.
//
// Time is read from package time only: in a testing/synctest bubble latency and rates run in
// virtual time.
package dashscopetest
