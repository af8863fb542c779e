package static

import (
	"math"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// TestLexicalSum compares the packed sum with a plain one, also of more rows than a lane holds.
func TestLexicalSum(t *testing.T) {
	m := loaded()
	for _, n := range []int{0, 1, 2, 255, 256, 257, 2000} {
		for _, dimensions := range []int{128, 256} {
			counts := map[int]int{}
			var rows []int
			for i := range n {
				row := i * 7919 % len(m.idf)
				for range 1 + i%3 {
					rows = append(rows, row)
					counts[row]++
				}
			}
			want := make([]float64, dimensions)
			for row, count := range counts {
				for d := range want {
					sign := float64(int(signs(row, d/64)>>(d%64)&1)*2 - 1)
					want[d] += sign * math.Round(float64(m.idf[row])*math.Sqrt(float64(count))*16)
				}
			}
			got := make([]float32, dimensions)
			m.lexical(got, rows)
			for d := range want {
				if math.Abs(float64(got[d])-want[d]) > 1e-6*math.Abs(want[d])+1 {
					t.Fatalf("%d rows, dimension %d of %d: %v, want %v", n, d, dimensions, got[d], want[d])
				}
			}
		}
	}
}

// TestSigns holds that the vectors of rows are all but orthogonal and the same on every machine,
// for ever: stores keep their sums.
func TestSigns(t *testing.T) {
	expect.Equal(t, "signs of the first row", signs(0, 0), uint64(0xe220a8397b1dcdaf))
	m := loaded()
	vector := func(row int) []float32 {
		v := make([]float32, 256)
		m.lexical(v, []int{row})
		return v
	}
	for row := 1000; row < 1100; row++ {
		if m.idf[row] == 0 || m.idf[row+1] == 0 {
			continue
		}
		if c := embedding.Cosine(vector(row), vector(row+1)); math.Abs(float64(c)) > .35 {
			t.Errorf("rows %d and %d have cosine %v", row, row+1, c)
		}
	}
}

// TestLexicalVectors holds what the option promises: the first dimensions are those without it, and
// a rare word in common counts for more.
func TestLexicalVectors(t *testing.T) {
	both, err := New(Options{Lexical: 256})
	expect.NoError(t, err)
	text, same, other := "error E4017 while flushing the journal", "what does E4017 mean?", "what does E5938 mean?"
	plain := vectors(t, open(t, 0), text, same, other, "!?", "한국어")
	got := vectors(t, both, text, same, other, "!?", "한국어")
	for i := range plain {
		expect.Equal(t, "dimensions", len(got[i]), 512)
		if math.Abs(length(got[i])-1) > 1e-5 {
			t.Errorf("text %d: length %v", i, length(got[i]))
		}
	}
	for i := range 4 {
		if c := embedding.Cosine(got[i][:256], plain[i]); c < .99999 {
			t.Errorf("text %d: the first 256 dimensions have cosine %v with the vector without lexical ones", i, c)
		}
	}
	for _, x := range got[3][256:] {
		if x != 0 {
			t.Fatal("marks have lexical dimensions, want none")
		}
	}
	before := embedding.Cosine(plain[0], plain[1]) - embedding.Cosine(plain[0], plain[2])
	after := embedding.Cosine(got[0], got[1]) - embedding.Cosine(got[0], got[2])
	if after < before+.02 {
		t.Errorf("the same number brings %v nearer, without lexical dimensions %v: want more", after, before)
	}
	if a, b := open(t, 0).Model().Space, both.Model().Space; a.Same(b) || !strings.Contains(string(b), "lexical256") {
		t.Errorf("the spaces are %s and %s", a, b)
	}
}

func TestBase1HasNoLexicalDimensions(t *testing.T) {
	first(t)
	_, err := New(Options{Model: "base1", Lexical: 256})
	if err == nil || embedding.KindOf(err) != embedding.Invalid || !strings.Contains(err.Error(), "leave lexical out") {
		t.Errorf("got the error %v, want one that says to leave lexical out", err)
	}
}
