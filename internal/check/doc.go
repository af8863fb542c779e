// Package check asks a live service whether it does what a reference and the catalog say.
//
// A [Check] makes some sixty small requests through the reference's own provider, without any
// middleware. It reads the answers twice: as the provider does, and as they came (see tape.go),
// because the provider refuses what it does not expect. Each fact becomes a [Finding], and a
// [Report] holds all of them, without keys and texts.
//
// What the service refuses or ignores is looked for more closely, and the report has the reference
// with the options that make it right.
package check
