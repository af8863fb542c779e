package embedtest

import (
	"context"
	"math"
	"testing"

	"github.com/vecspace/embedding"
)

// Subject is an Embedder under [Test].
type Subject struct {
	// Embedder is the Embedder as its users get it, with the guard that embedding.Chain adds.
	Embedder embedding.Embedder
	// Ledger returns what the provider has counted so far for answers that it gave. Test compares it
	// with Response.Usage. It may be nil.
	Ledger func() embedding.Usage
	// Tolerance is how far two vectors of one text may be apart, as 1 - cosine. 0 means that their
	// bits are equal, as with local models, fakes and emulators. Servers that compute in batches need
	// about 1e-3.
	Tolerance float64
}

// Test runs each law as a subtest, on a Subject from open. It makes about 150 requests, most of
// them with one short text.
func Test(t *testing.T, open func(*testing.T) Subject) {
	for _, law := range laws {
		t.Run(law.name, func(t *testing.T) {
			s := open(t)
			if s.Embedder == nil {
				t.Fatal("the Subject has no Embedder")
			}
			law.check(t, s)
		})
	}
}

// laws are the laws that every Embedder keeps. Each name is the name of a subtest.
var laws = []law{
	{"count", count},
	{"order", order},
	{"dimensions", dimensions},
	{"finite", finite},
	{"normalized", normalized},
	{"tasks", tasks},
	{"model", modelConstant},
	{"empty", empty},
	{"bad texts", badTexts},
	{"too many texts", tooMany},
	{"duplicates", duplicates},
	{"unicode", unicodeTexts},
	{"1 MiB text", megabyte},
	{"input untouched", inputUntouched},
	{"input not kept", inputNotKept},
	{"rows separate", rowsSeparate},
	{"vectors held", vectorsHeld},
	{"canceled before", canceledBefore},
	{"canceled midway", canceledMidway},
	{"concurrent", concurrent},
	{"usage", usage},
}

type law struct {
	name  string
	check func(tb, Subject)
}

// tb is the part of *testing.T that a law uses. The tests of the suite pass another one, to see a
// law fail.
type tb interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// size returns n, or the limit of texts in a request to s if that is less.
func (s Subject) size(n int) int {
	if most := s.Embedder.Model().Limits.Texts; most > 0 {
		return min(n, most)
	}
	return n
}

// embed embeds texts in requests of the right size. It ends the test on an error.
func (s Subject) embed(t tb, task embedding.Task, texts ...string) [][]float32 {
	t.Helper()
	var all [][]float32
	size := s.size(len(texts))
	for len(texts) > 0 {
		n := min(size, len(texts))
		res, err := s.Embedder.Embed(t.Context(), embedding.Request{Texts: texts[:n:n], Task: task})
		if err != nil {
			t.Fatalf("%d good texts: %v", n, err)
		}
		if len(res.Vectors) != n {
			t.Fatalf("%d vectors for %d texts", len(res.Vectors), n)
		}
		all = append(all, res.Vectors...)
		texts = texts[n:]
	}
	return all
}

// equal reports whether two vectors of one text are equal within the Tolerance.
func (s Subject) equal(a, b []float32) bool {
	if len(a) != len(b) {
		return false
	}
	if s.Tolerance > 0 {
		return float64(embedding.Cosine(a, b)) >= 1-s.Tolerance
	}
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return false
		}
	}
	return true
}
