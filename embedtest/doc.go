// Package embedtest holds Embedders to their laws. Test runs on every provider, every middleware
// and every chain of this module; TestHTTP adds the faults of the wire for providers that speak
// HTTP. A provider of your own is tested the same way:
//
//	func TestLaws(t *testing.T) {
//		embedtest.Test(t, func(t *testing.T) embedtest.Subject {
//			return embedtest.Subject{Embedder: acme.New()}
//		})
//	}
//
// Fake is an Embedder for the tests of what stands around one: it fails by script and keeps a
// ledger of what it billed.
//
// The suite itself is tested by mutation: a list of named faulty embedders, each of which must
// break its law.
package embedtest
