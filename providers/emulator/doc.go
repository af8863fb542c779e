// Package emulator is the engine of the providers' emulators. It puts keys, limits, rates, faults,
// vectors with meaning, a ledger of what was billed, and a control path behind a dialect. Each
// provider has an emulator beside it, such as package coheretest; a [Vendor] makes another.
//
// A [Server] is an http.Handler. [Options] configure it once, [Settings] change while it runs, and
// a [Fault] is something that goes wrong on purpose. The [Ledger] counts what was asked for and
// billed.
//
// Vectors have unit length and depend on model, text, role and dimensions only, bit for bit. They
// are the local model's (static:base), turned into a space of the model's own and drawn out to the
// dimensions asked for: search through an emulator finds what the local model finds, cosines at
// 256, 512, 768, ... dimensions are the local model's, and a vector cut short and brought to unit
// length is the shorter vector. Two models' vectors have nothing in common, unless the vendor says
// that they share a space. Where a vendor embeds queries and documents differently (the role), the
// two vectors of a text lie close to each other and are not the same.
//
// Tokens are counted by [embedding.EstimateTokens], so they are of the size of a service's and not
// the same.
//
// Time is read from package time only: in a testing/synctest bubble latency and rates run in
// virtual time.
package emulator
