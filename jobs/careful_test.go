package jobs

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// outlive does a shard of n texts as often as its processes end: each one that meets a killer, and
// others by the chance of a kill in each piece. It returns what the last attempt did, and the
// number of attempts.
func outlive(t *testing.T, n int, killers []int, chance float64) (did, left []int, attempts int) {
	t.Helper()
	dir, chances := t.TempDir(), rand.New(rand.NewPCG(1, uint64(n)))
	for attempts = 1; attempts < 10_000; attempts++ {
		c, err := newCareful(dir, 1)
		expect.NoError(t, err)
		died := false
		did = nil
		for p, err := range c.pieces(n) {
			expect.NoError(t, err)
			if p[0] >= p[1] {
				t.Fatalf("got the piece %v, want one with a text", p)
			}
			died = chances.Float64() < chance
			for i := p[0]; i < p[1]; i++ {
				died = died || slices.Contains(killers, i)
				did = append(did, i)
			}
			if died {
				break
			}
		}
		if !died {
			return did, c.state.Killers, attempts
		}
	}
	t.Fatal("the shard is never done")
	return nil, nil, 0
}

func TestCareful(t *testing.T) {
	for name, c := range map[string]struct {
		n       int
		killers []int
		most    int // attempts
	}{
		"none":            {n: 1000, most: 1},
		"one":             {n: 1000, killers: []int{137}, most: 24},
		"the first":       {n: 1000, killers: []int{0}, most: 24},
		"the last":        {n: 1000, killers: []int{999}, most: 24},
		"the only one":    {n: 1, killers: []int{0}, most: 5},
		"neighbors":       {n: 64, killers: []int{30, 31, 32}, most: 40},
		"far apart":       {n: 5000, killers: []int{1, 2500, 4999}, most: 80},
		"nothing is good": {n: 4, killers: []int{0, 1, 2, 3}, most: 24},
	} {
		t.Run(name, func(t *testing.T) {
			did, left, attempts := outlive(t, c.n, c.killers, 0)
			slices.Sort(left)
			expect.Equal(t, "texts left out", left, c.killers)
			var want []int
			for i := range c.n {
				if !slices.Contains(c.killers, i) {
					want = append(want, i)
				}
			}
			expect.Equal(t, "texts done in the last attempt", did, want)
			if attempts > c.most {
				t.Errorf("got %d attempts, want at most %d", attempts, c.most)
			}
		})
	}
}

// Kills that have nothing to do with the texts blame none.
func TestCarefulIsFair(t *testing.T) {
	for n := range 10 {
		did, left, _ := outlive(t, 500+n, []int{400}, .1)
		expect.Equal(t, "texts left out", left, []int{400})
		expect.Equal(t, "texts done", len(did), 499+n)
	}
}

// A file that a crash of the machine has cut begins anew.
func TestCarefulDamaged(t *testing.T) {
	dir := t.TempDir()
	c, err := newCareful(dir, 1)
	expect.NoError(t, err)
	expect.NoError(t, os.WriteFile(c.name, []byte(`{"trying":true,"lo`), 0o600))
	c, err = newCareful(dir, 1)
	expect.NoError(t, err)
	expect.Equal(t, "what was tried", c.state, tried{})
}
