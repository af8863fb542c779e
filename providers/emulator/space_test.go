package emulator

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dialect"
)

func randomUnit(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return unit(v)
}

func length(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

func TestSpace(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := &space{seed: 3}
	a, b := randomUnit(r, 256), randomUnit(r, 256)
	for i := range b { // two that are a little alike
		b[i] = b[i] + a[i]/2
	}
	unit(b)
	cosine := float64(embedding.Cosine(a, b))
	before := slices.Clone(a)
	whole := s.vector("m", a, 3072)
	for _, n := range []int{64, 128, 256, 512, 768, 1024, 1536, 2048, 2560, 3072} {
		va, vb := s.vector("m", a, n), s.vector("m", b, n)
		if len(va) != n || cap(va) != n || math.Abs(length(va)-1) > 1e-6 {
			t.Errorf("%d: length %d, norm %v", n, len(va), length(va))
		}
		if c := float64(embedding.Cosine(va, vb)); n >= 256 && math.Abs(c-cosine) > 1e-5 {
			t.Errorf("%d: cosine %v, base %v", n, c, cosine)
		} else if n < 256 && math.Abs(c-float64(embedding.Cosine(a[:n], b[:n]))) > 1e-5 {
			t.Errorf("%d: cosine %v, base cut %v", n, c, embedding.Cosine(a[:n], b[:n]))
		}
		// A vector cut short is the shorter vector.
		if c := embedding.Cosine(va, whole[:n]); c < .999999 {
			t.Errorf("%d: not the head of the longer vector: %v", n, c)
		}
		if !slices.Equal(a, before) {
			t.Fatal("the base vector was edited")
		}
		if !slices.Equal(va, (&space{seed: 3}).vector("m", a, n)) {
			t.Errorf("%d: not deterministic", n)
		}
		other := s.vector("n", a, n)
		if c := embedding.Cosine(va, other); math.Abs(float64(c)) > 5/math.Sqrt(float64(min(n, 256))) {
			t.Errorf("%d: another model's vector is alike: %v", n, c)
		}
		if c := embedding.Cosine(va, (&space{seed: 4}).vector("m", a, n)); math.Abs(float64(c)) > 5/math.Sqrt(float64(min(n, 256))) {
			t.Errorf("%d: another seed's vector is alike: %v", n, c)
		}
	}
	if head := length(whole[:256]); head*head < .5 {
		t.Errorf("%v of the energy is in the first 256 coordinates", head*head)
	}
}

// Base models of any length work, also if a block is incomplete.
func TestSpaceOfOtherLengths(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := &space{}
	for _, base := range []int{1, 2, 3, 100, 384, 1024} {
		a, b := randomUnit(r, base), randomUnit(r, base)
		size := 1
		for size < base {
			size *= 2
		}
		for _, n := range []int{base, base + size, base + 3*size} { // whole blocks
			va, vb := s.vector(fmt.Sprint(base), a, n), s.vector(fmt.Sprint(base), b, n)
			if c := embedding.Cosine(va, vb); len(va) != n || math.Abs(float64(c-embedding.Cosine(a, b))) > 1e-5 {
				t.Errorf("%d to %d: cosine %v, base %v", base, n, c, embedding.Cosine(a, b))
			}
		}
		if v := s.vector(fmt.Sprint(base), a, base+size/2+1); math.Abs(length(v)-1) > 1e-6 {
			t.Errorf("a vector of space %v: got the length %v, want 1", base, length(v))
		}
	}
	if v := s.vector("m", make([]float32, 256), 64); length(v) != 0 {
		t.Error("a zero vector became", v)
	}
}

func TestCache(t *testing.T) {
	c := newCache(3*(100+entryCost) + 50)
	key := func(i int) cacheKey { return cacheKey{text: digest{byte(i)}} }
	value := func(i int) []byte { return slices.Repeat([]byte{byte(i)}, 100) }
	for i := range 3 {
		c.put(key(i), value(i))
	}
	c.get(key(0)) // 1 is the oldest now
	c.put(key(3), value(3))
	c.put(key(3), value(9)) // known: stays
	c.put(key(4), make([]byte, 1<<20))
	for i, want := range []bool{true, false, true, true, false} {
		if got := c.get(key(i)); (got != nil) != want || want && !slices.Equal(got, value(i)) {
			t.Errorf("%d: %v", i, got != nil)
		}
	}
	if c.room != 50 || c.order.Len() != 3 || len(c.entries) != 3 {
		t.Errorf("got %d bytes of room, %d in order and %d entries, want 50, 3 and 3", c.room, c.order.Len(), len(c.entries))
	}
	none := newCache(0)
	none.put(key(1), value(1))
	if none.get(key(1)) != nil {
		t.Error("a cache without room keeps something")
	}
}

func TestNumbers(t *testing.T) {
	got := string(dialect.AppendNumbers(nil, []float32{0.1, -0.06953867524862289, 1, 1e-7, 0}, 64))
	expect.Equal(t, "numbers", got, "[0.10000000149011612,-0.0695386752486229,1,1.0000000116860974e-07,0]")
}

// A role moves a vector a little, the same each time, and in a direction of its own.
func TestRoles(t *testing.T) {
	s := &space{seed: 1}
	base := make([]float32, 256)
	base[7] = 1
	query, document := s.lean("query", base), s.lean("document", base)
	if slices.Equal(query, document) || slices.Equal(query, base) || !slices.Equal(query, s.lean("query", base)) || &s.lean("", base)[0] != &base[0] {
		t.Error("a role is not a direction")
	}
	if c := embedding.Cosine(query, document); c < .97 || c > .999 {
		t.Errorf("cosine %v", c)
	}
	if base[7] != 1 || base[8] != 0 {
		t.Error("the base vector was edited")
	}
}
