package main

import (
	"maps"
	"math"
	"testing"

	"github.com/vecspace/embedding"
)

// TestCompare: two texts occur twice, and the second is marked. Each kind of problem is
// distinguished from the others.
func TestCompare(t *testing.T) {
	j := &job{texts: []string{"a", "b"}, marked: []bool{false, true}, order: []int{0, 1, 0, 1}}
	want := []uint64{11, 22}
	ok := func(hash uint64) result { return result{hash: hash} }
	fail := func(k embedding.Kind) result { return result{failed: true, kind: k} }
	rejected := expectation{marked: embedding.Rejected}
	mild := expectation{marked: embedding.Rejected, alone: embedding.Malformed, mild: true}
	malformed := expectation{may: []embedding.Kind{embedding.Malformed}}
	type counts map[embedding.Kind]int
	for _, tc := range []struct {
		name   string
		expect expectation
		got    []result
		want   tally
	}{
		{"all right", expectation{}, []result{ok(11), ok(22), ok(11), ok(22)}, tally{}},
		{"another vector", expectation{}, []result{ok(11), ok(22), ok(12), ok(22)}, tally{wrong: 1}},
		{"two vectors exchanged", expectation{}, []result{ok(22), ok(11), ok(11), ok(22)}, tally{wrong: 2}},
		{"neither vector nor error", expectation{}, []result{ok(11), {}, ok(11), ok(22)}, tally{lost: 1}},
		{"never a vector", expectation{}, []result{ok(11), {}, ok(11), {}}, tally{lost: 2, missing: 1}},
		{"an error it may not have", expectation{}, []result{ok(11), ok(22), fail(embedding.Malformed), ok(22)}, tally{lost: 1}},
		{"an error it may have", malformed, []result{ok(11), ok(22), fail(embedding.Malformed), ok(22)}, tally{failed: counts{embedding.Malformed: 1}}},
		{"an error of another kind", malformed, []result{ok(11), ok(22), fail(embedding.Unavailable), ok(22)}, tally{lost: 1}},
		{"a context's error", malformed, []result{ok(11), ok(22), fail(embedding.Unknown), ok(22)}, tally{lost: 1}},
		{"both vector and error", malformed, []result{{hash: 11, failed: true, kind: embedding.Malformed}, ok(22), ok(11), ok(22)}, tally{wrong: 1}},
		{"the marked are refused", rejected, []result{ok(11), fail(embedding.Rejected), ok(11), fail(embedding.Rejected)},
			tally{failed: counts{embedding.Rejected: 2}, missing: 1}},
		{"another one is refused", rejected, []result{fail(embedding.Rejected), fail(embedding.Rejected), ok(11), fail(embedding.Rejected)},
			tally{failed: counts{embedding.Rejected: 2}, lost: 1, missing: 1}},
		{"the marked may be, alone by another kind", mild, []result{ok(11), ok(22), ok(11), fail(embedding.Malformed)}, tally{failed: counts{embedding.Malformed: 1}}},
		{"another one alone may not", mild, []result{fail(embedding.Malformed), ok(22), ok(11), ok(22)}, tally{lost: 1}},
		{"a marked one with another vector", mild, []result{ok(11), ok(23), ok(11), ok(22)}, tally{wrong: 1}},
		{"a marked one is not", rejected, []result{ok(11), ok(22), ok(11), fail(embedding.Rejected)}, tally{failed: counts{embedding.Rejected: 1}, wrong: 1}},
	} {
		got := compare(j, want, tc.got, tc.expect)
		if got.lost != tc.want.lost || got.wrong != tc.want.wrong || got.missing != tc.want.missing || !maps.Equal(got.failed, tc.want.failed) {
			t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
		}
	}
}

func TestHashTellsVectorsApart(t *testing.T) {
	a := hashOf([]float32{1, 2})
	if a != hashOf([]float32{1, 2}) || a == hashOf([]float32{2, 1}) || a == hashOf([]float32{1, 2, 0}) || hashOf(nil) == 0 {
		t.Error("equal vectors have unlike hashes, or unlike ones equal hashes")
	}
	if hashOf([]float32{0, 1}) == hashOf([]float32{float32(math.Copysign(0, -1)), 1}) {
		t.Error("bit for bit, 0 and -0 differ")
	}
}
