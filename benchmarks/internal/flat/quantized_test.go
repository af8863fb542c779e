package flat

import (
	"context"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/vecspace/embedding/benchmarks/internal/metrics"
	"github.com/vecspace/embedding/internal/expect"
)

// Quantized search finds nearly what the full one finds, and its scores are those of Similarity.
func TestQuantized(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	ids, rows := vectors(random, 200, 65)
	_, queries := vectors(random, 5, 65)
	for i, q := range queries { // each is near a document
		for j := range q {
			q[j] = rows[i*30][j] + q[j]/2
		}
	}
	for storage, search := range map[Storage]func(context.Context, [][]float32, int) ([][]metrics.Hit, error){
		Int8:   NewBytes8(ids, rows, 65).Search,
		Binary: NewBits(ids, rows, 65).Search,
	} {
		got, err := search(t.Context(), queries, 200)
		expect.NoError(t, err)
		for i, q := range queries {
			for _, h := range got[i] {
				d, _ := strconv.Atoi(h.Doc)
				if want := storage.Similarity(q, rows[d], 65); math.Abs(h.Score-want) > 1e-5 {
					t.Fatalf("%s: %v, want %v", storage, h.Score, want)
				}
			}
			expect.Equal(t, fmt.Sprintf("%s: the first", storage), got[i][0].Doc, strconv.Itoa(i*30))
		}
	}
}

// The rankings stay what they were when compare's published losses were measured.
func TestQuantizedRankings(t *testing.T) {
	for dims, want := range map[int][2]uint32{1: {0xc1abb3ef, 0xc1abb3ef}, 64: {0xd6cabc71, 0xdd60715c}, 65: {0x1e1e9bb6, 0xcbaa7b65}} {
		random := rand.New(rand.NewPCG(7, 7))
		ids, rows := vectors(random, 200, dims)
		_, queries := vectors(random, 20, dims)
		for i, search := range []func(context.Context, [][]float32, int) ([][]metrics.Hit, error){
			NewBytes8(ids, rows, dims).Search, NewBits(ids, rows, dims).Search,
		} {
			got, err := search(t.Context(), queries, 50)
			expect.NoError(t, err)
			sum := crc32.NewIEEE()
			for _, hits := range got {
				for _, h := range hits {
					fmt.Fprintln(sum, h.Doc)
				}
			}
			if got := sum.Sum32(); got != want[i] {
				t.Errorf("%s, %d dimensions: got the rankings %#x, want %#x", []Storage{Int8, Binary}[i], dims, got, want[i])
			}
		}
	}
}

// What is no vector is a zero vector.
func TestQuantizedNaN(t *testing.T) {
	nan := []float32{1, float32(math.NaN())}
	expect.Equal(t, "int8", Int8.Similarity([]float32{1, 1}, nan, 2), 0)
	expect.Equal(t, "binary", Binary.Similarity([]float32{-1, -1}, nan, 2), 1)
}

func TestStorageBytes(t *testing.T) {
	if f, i, b := Float32.Bytes(1024), Int8.Bytes(1024), Binary.Bytes(1025); f != 4096 || i != 1028 || b != 129 {
		t.Errorf("%d, %d, %d bytes", f, i, b)
	}
}
