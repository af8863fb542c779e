// Package embedtest tests Embedders. [Test] checks the laws that every provider, every middleware
// and every chain keeps. [TestHTTP] adds the faults of servers and networks, for providers that
// speak HTTP. Test your own provider the same way:
//
//	func TestLaws(t *testing.T) {
//		embedtest.Test(t, func(t *testing.T) embedtest.Subject {
//			return embedtest.Subject{Embedder: acme.New()}
//		})
//	}
//
// A [Fake] is an Embedder for tests of code that uses one. It fails by script and keeps a ledger of
// what it billed.
//
// Mutants test the suite itself: each is an Embedder with one fault, and the law for that fault
// must notice it.
package embedtest
