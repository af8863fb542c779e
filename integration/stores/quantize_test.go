package stores_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/integration/internal/guarded"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/rows"
	"github.com/vecspace/embedding/quantize"
)

// quantized returns vectors of 64 dimensions with their half-precision numbers and bits.
func quantized(t *testing.T) (vectors [][]float32, halves [][]uint16, bits [][]byte) {
	t.Helper()
	var texts []string
	for _, d := range guarded.Corpus(50) {
		texts = append(texts, d.PageContent)
	}
	vectors, err := embedding.Documents(t.Context(), guarded.Model("m", guarded.Dimensions), texts)
	expect.NoError(t, err)
	for _, v := range vectors {
		h, err := quantize.AppendFloat16(nil, v)
		expect.NoError(t, err)
		b, err := quantize.AppendBinary(nil, v)
		expect.NoError(t, err)
		halves, bits = append(halves, h), append(bits, b)
	}
	return vectors, halves, bits
}

func literal(v []float32) string { return strings.Join(strings.Fields(fmt.Sprint(v)), ",") }

func digits(b []byte) string {
	return strings.NewReplacer("[", "", "]", "", " ", "").Replace(fmt.Sprintf("%08b", b))
}

// TestPGVectorHalfvecAndBit runs the recipes of package quantize. The server rounds as we do, takes
// the same signs and measures the same distances.
func TestPGVectorHalfvecAndBit(t *testing.T) {
	server := servers.Postgres(t)
	pool, err := pgxpool.New(t.Context(), server.URL)
	expect.NoError(t, err)
	defer pool.Close()
	for _, sql := range []string{
		"CREATE EXTENSION vector",
		"CREATE TABLE items (id bigint PRIMARY KEY, halves halfvec(64), bits bit(64))",
		"CREATE INDEX ON items USING hnsw (bits bit_hamming_ops)",
		"CREATE INDEX ON items USING hnsw (halves halfvec_cosine_ops)",
	} {
		_, err := pool.Exec(t.Context(), sql)
		expect.NoError(t, err)
	}
	vectors, halves, bits := quantized(t)
	for i := range vectors {
		_, err := pool.Exec(t.Context(), "INSERT INTO items VALUES ($1, $2::text::halfvec, $3::text::varbit)",
			i, literal(quantize.AppendFromFloat16(nil, halves[i])), digits(bits[i]))
		expect.NoError(t, err)
	}
	for i, v := range vectors {
		var asOurs, sameSigns bool
		err := pool.QueryRow(t.Context(), "SELECT halves = $2::text::vector::halfvec, bits = binary_quantize($2::text::vector)::bit(64) FROM items WHERE id = $1",
			i, literal(v)).Scan(&asOurs, &sameSigns)
		if err != nil || !asOurs || !sameSigns {
			t.Errorf("vector %d: the server rounds as we do: %v, takes the same signs: %v, error %v", i, asOurs, sameSigns, err)
		}
	}
	found, err := pool.Query(t.Context(), "SELECT id, halves <=> $1::text::halfvec, bits <~> $2::text::varbit FROM items",
		literal(vectors[7]), digits(bits[7]))
	expect.NoError(t, err)
	seen := 0
	query := quantize.AppendFromFloat16(nil, halves[7])
	for ; found.Next(); seen++ {
		var id int
		var distance, differ float64
		expect.NoError(t, found.Scan(&id, &distance, &differ))
		if want := 1 - float64(embedding.Cosine(query, quantize.AppendFromFloat16(nil, halves[id]))); math.Abs(distance-want) > 1e-5 {
			t.Errorf("document %d: got the distance %g in halfvec, want %g", id, distance, want)
		}
		expect.Equal(t, fmt.Sprintf("the bits in which document %d differs", id), int(differ), quantize.Hamming(bits[7], bits[id]))
	}
	expect.NoError(t, found.Err())
	expect.Equal(t, "documents", seen, len(vectors))
	for _, order := range []string{"halves <=> $1::text::halfvec", "bits <~> $1::text::varbit"} {
		asked := digits(bits[7])
		if strings.HasPrefix(order, "halves") {
			asked = literal(vectors[7])
		}
		var id int
		err := pool.QueryRow(t.Context(), "SELECT id FROM items ORDER BY "+order+", id LIMIT 1", asked).Scan(&id)
		if err != nil || !slices.Equal(bits[id], bits[7]) {
			t.Errorf("%s: got document %d first (error %v), want the one asked for, 7", order, id, err)
		}
	}
	_, err = pool.Exec(t.Context(), "INSERT INTO items (id, bits) VALUES (99, $1::text::varbit)", digits(bits[0])[:56])
	expect.Says(t, "the error", err, "bit string length 56 does not match type bit(64)")
	_, err = pool.Exec(t.Context(), "SELECT bits <~> $1::text::varbit FROM items", digits(bits[0])[:56])
	expect.Says(t, "the error", err, "different bit lengths 64 and 56")
	_, err = quantize.AppendBinary(nil, vectors[0][:60])
	expect.Says(t, "the error", err, "a multiple of 8 dimensions, not 60")
}

// TestNumPyHalvesAndBits: NumPy rounds and packs as we do, and reads the float16 .npy file that
// `vecspace embed -dtype float16` writes.
func TestNumPyHalvesAndBits(t *testing.T) {
	vectors, halves, bits := quantized(t)
	dir := t.TempDir()
	for dtype, half := range map[string]bool{"float32": false, "float16": true} {
		f, err := os.Create(filepath.Join(dir, dtype+".npy"))
		expect.NoError(t, err)
		w := rows.NewNPY(f, &bytes.Buffer{}, rows.NPY{Dimensions: guarded.Dimensions, Half: half})
		for i, v := range vectors {
			expect.NoError(t, w.Write(rows.Result{Index: i, Vector: v}))
		}
		expect.NoError(t, w.Close())
		expect.NoError(t, f.Close())
	}
	const script = `import numpy, os, sys
os.chdir(sys.argv[1])
full, half = numpy.load("float32.npy"), numpy.load("float16.npy")
assert half.dtype == numpy.float16 and (full.astype(numpy.float16) == half).all()
for h, b in zip(half, numpy.packbits(full > 0, axis=1)):
    print(h.view(numpy.uint16).tolist(), b.tolist())`
	c := servers.Clients(t, "-c", script, dir)
	out, err := c.CombinedOutput()
	expect.NoError(t, err)
	var want strings.Builder
	for i, h := range halves {
		list := strings.ReplaceAll(fmt.Sprint(h, bits[i]), " ", ", ")
		want.WriteString(strings.Replace(list, "], [", "] [", 1) + "\n")
	}
	expect.Equal(t, "NumPy's numbers", string(out), want.String())
}
