package flat

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/vecspace/embedding/benchmarks/internal/metrics"
	"github.com/vecspace/embedding/internal/expect"
)

func vectors(random *rand.Rand, n, dims int) (ids []string, rows [][]float32) {
	for i := range n {
		row := make([]float32, dims)
		for j := range row {
			row[j] = float32(random.NormFloat64())
		}
		ids, rows = append(ids, strconv.Itoa(i)), append(rows, row)
	}
	return ids, rows
}

// plain is the plain loop: the cosine in double, everything sorted.
func plain(ids []string, rows [][]float32, q []float32, k int) []metrics.Hit {
	var hits []metrics.Hit
	for i, row := range rows {
		if row == nil {
			continue
		}
		hits = append(hits, metrics.Hit{Doc: ids[i], Score: Float32.Similarity(q, row, len(q))})
	}
	slices.SortFunc(hits, metrics.Order)
	return hits[:min(k, len(hits))]
}

func TestSearchAgainstPlainLoop(t *testing.T) {
	for _, dims := range []int{1, 2, 7, 64} {
		random := rand.New(rand.NewPCG(1, uint64(dims)))
		ids, rows := vectors(random, 300, dims)
		_, queries := vectors(random, 8, dims)
		rows[17], queries[3] = nil, nil
		got, err := New(ids, rows, dims).Search(t.Context(), queries, 20)
		expect.NoError(t, err)
		for i, q := range queries {
			if q == nil {
				if got[i] != nil {
					t.Errorf("a nil query found %v", got[i])
				}
				continue
			}
			if !slices.IsSortedFunc(got[i], metrics.Order) || len(got[i]) != 20 {
				t.Fatalf("%d dimensions: %d hits, or not in order", dims, len(got[i]))
			}
			for rank, want := range plain(ids, rows, q, 20) {
				if math.Abs(got[i][rank].Score-want.Score) > 1e-6 {
					t.Errorf("%d dimensions, query %d, rank %d: %v, want %v", dims, i, rank, got[i][rank], want)
				}
			}
		}
	}
}

// Equal scores are settled by id descending also at the edge of the first k.
func TestTies(t *testing.T) {
	ids := []string{"a", "c", "b", "d"}
	same := []float32{1, 1}
	rows := [][]float32{same, {2, 2}, same, {1, -1}}
	for name, search := range map[string]func(context.Context, [][]float32, int) ([][]metrics.Hit, error){
		"float32": New(ids, rows, 2).Search,
		"int8":    NewBytes8(ids, rows, 2).Search,
		"binary":  NewBits(ids, rows, 2).Search,
	} {
		got, err := search(t.Context(), [][]float32{{3, 3}}, 2)
		if err != nil || len(got[0]) != 2 || got[0][0].Doc != "c" || got[0][1].Doc != "b" {
			t.Errorf("%s: got %v, %v, want c and b", name, got, err)
		}
	}
}

func TestCut(t *testing.T) {
	ids, rows := []string{"far", "near"}, [][]float32{{1, 0, 100}, {1, .1, 0}}
	got, err := New(ids, rows, 2).Search(t.Context(), [][]float32{{1, 0, 0}}, 1)
	if err != nil || got[0][0].Doc != "far" || math.Abs(got[0][0].Score-1) > 1e-6 {
		t.Errorf("%v, %v: the first two dimensions alone were to count, brought to unit length", got, err)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ids, rows := vectors(rand.New(rand.NewPCG(1, 1)), 3, 4)
	if _, err := New(ids, rows, 4).Search(ctx, rows, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// The benchmarks are 300 queries over 5,183 documents of 1,024 dimensions, on one core; the ratio
// of both is what counts.
func BenchmarkSearch(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	ids, rows := vectors(random, 5183, 1024)
	_, queries := vectors(random, 300, 1024)
	b.Run("search", func(b *testing.B) {
		m := New(ids, rows, 1024)
		for b.Loop() {
			_, err := m.Search(b.Context(), queries, 1000)
			expect.NoError(b, err)
		}
	})
	b.Run("plain", func(b *testing.B) {
		scale := New(ids, rows, 1024).scale
		for b.Loop() {
			for _, q := range queries {
				hits := make([]metrics.Hit, len(rows))
				for d, row := range rows {
					sum := float32(0)
					for i, x := range q {
						sum += x * row[i]
					}
					hits[d] = metrics.Hit{Doc: ids[d], Score: float64(sum * scale[d])}
				}
				slices.SortFunc(hits, metrics.Order)
			}
		}
	})
}
