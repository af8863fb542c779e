// Package emulator is the engine of all providers' emulators. Behind a dialect it puts keys,
// limits, rates, faults, meaningful vectors, a ledger of what was billed, and a control API. Each
// provider has its own emulator, such as package coheretest. A [Vendor] defines a new one.
//
// A [Server] is an http.Handler. [Options] configure it once, and [Settings] can change while it
// runs. A [Fault] is something that goes wrong on purpose. The [Ledger] counts what was requested
// and billed.
//
// # Vectors
//
// Vectors have unit length and depend, bit for bit, on model, text, role and dimensions only. They
// are derived from the local model (static:base), so a search through an emulator finds what the
// local model finds. At 256, 512, 768, ... dimensions, cosines are exactly the local model's. A
// vector that is cut and normalized equals the shorter vector. Vectors of two models have nothing
// in common, unless the vendor says that the models share a space. If a vendor embeds queries and
// documents differently (the role), the two vectors of a text are close but not equal.
//
// # Tokens and time
//
// [embedding.EstimateTokens] counts the tokens, so counts are similar to the service's but not
// equal.
//
// The emulator reads the time from package time only: in a testing/synctest bubble, latency and
// rates run in virtual time.
package emulator
