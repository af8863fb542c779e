package flat

import (
	"context"
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
			if want := strconv.Itoa(i * 30); got[i][0].Doc != want {
				t.Errorf("%s: %s is first, want %s", storage, got[i][0].Doc, want)
			}
		}
	}
}

func TestStorageBytes(t *testing.T) {
	if f, i, b := Float32.Bytes(1024), Int8.Bytes(1024), Binary.Bytes(1025); f != 4096 || i != 1028 || b != 129 {
		t.Errorf("%d, %d, %d bytes", f, i, b)
	}
}
