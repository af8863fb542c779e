package embedtest

import (
	"context"
	"math"
	"testing"

	"github.com/vecspace/embedding"
)

// Subject is what Test examines.
type Subject struct {
	// Embedder as its users get it: guarded, which embedding.Chain does and providers.Open has done.
	Embedder embedding.Embedder
	// Ledger returns what the provider has counted for accepted answers so far: the other side of
	// Response.Usage. Optional.
	Ledger func() embedding.Usage
	// Tolerance of a vector against the same text's in another request, as 1 - cosine. 0 asks for
	// equal bits, as local models, fakes and emulators give; servers that compute in batches need
	// about 1e-3.
	Tolerance float64
}

// Test runs every law as a subtest, each on a Subject of its own that open makes. It costs about
// 150 requests, most of one short text.
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

// laws that every Embedder keeps, by the name of their subtest.
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
	{"cancelled before", cancelledBefore},
	{"cancelled midway", cancelledMidway},
	{"concurrent", concurrent},
	{"usage", usage},
}

type law struct {
	name  string
	check func(tb, Subject)
}

// tb is what a law needs of a *testing.T: the suite's own tests watch a law fail through another
// one.
type tb interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// size returns how many texts one request of s may hold, at most n.
func (s Subject) size(n int) int {
	if most := s.Embedder.Model().Limits.Texts; most > 0 {
		return min(n, most)
	}
	return n
}

// embed embeds texts in requests of at most size texts and ends the test on an error.
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

// equal reports whether two vectors of one text are as equal as the subject promises.
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
