package pgtable_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/jobs/pgtable"
	"github.com/vecspace/embedding/providers"
)

// TestCopy: the vectors of a job are in a table as they are in its files, in float32 and float16,
// with ids and without; a table that is there is left alone, and a copy that fails leaves none.
func TestCopy(t *testing.T) {
	s := newSite(t)
	pool, err := pgxpool.New(t.Context(), s.url)
	expect.NoError(t, err)
	defer pool.Close()
	e, err := providers.Open("static:base?dimensions=64")
	expect.NoError(t, err)
	const n = 3000
	var csv strings.Builder
	csv.WriteString("id,text\n")
	for i := range n {
		fmt.Fprintf(&csv, "\"é '%d\\\",the report %d on wheat\n", i, i)
	}
	csv.WriteString("none,\n") // a record without a vector
	in := filepath.Join(t.TempDir(), "in.csv")
	expect.NoError(t, os.WriteFile(in, []byte(csv.String()), 0o600))
	for name, o := range map[string]jobs.Options{"plain": {}, "ids": {ID: "id", To: "jsonl"}, `"Half Vectors"`: {ID: "id", Half: true}} {
		dir := filepath.Join(t.TempDir(), "out")
		o.Inputs, o.Out, o.Field, o.ShardTexts = []string{in}, dir, "text", 700
		p, err := jobs.NewPlan(t.Context(), e, o)
		expect.NoError(t, err)
		j, err := p.Start()
		expect.NoError(t, err)
		_, err = pgtable.Copy(t.Context(), pool, j, name)
		expect.Says(t, name+": a job that is not done", err, "is not complete")
		expect.NoError(t, j.Work(t.Context(), e, jobs.WorkOptions{}))

		part := filepath.Join(dir, "data", "part-000002", map[bool]string{true: "vectors.jsonl", false: "vectors.npy"}[o.To == "jsonl"])
		whole, err := os.ReadFile(part)
		expect.NoError(t, err)
		expect.NoError(t, os.Truncate(part, int64(len(whole)/2)))
		_, err = pgtable.Copy(t.Context(), pool, j, name)
		expect.Says(t, name+": a part that is cut", err, "part-000002", "EOF")
		expect.Equal(t, name+": a table after a failure", one[bool](s, "SELECT to_regclass('"+name+"') IS NOT NULL"), false)
		expect.NoError(t, os.WriteFile(part, whole, 0o600))

		got, err := pgtable.Copy(t.Context(), pool, j, name)
		expect.NoError(t, err)
		expect.Equal(t, name+": rows", got, int64(n))
		kind := "vector"
		if o.Half {
			kind = "halfvec"
		}
		expect.Equal(t, name+": type", one[string](s, "SELECT pg_typeof(embedding)::text FROM "+name+" LIMIT 1"), kind)
		id := "index::text"
		if o.ID != "" {
			id = "id"
		}
		for _, i := range []int{0, 699, 700, n - 1} {
			want, err := embedding.Documents(t.Context(), e, []string{fmt.Sprintf("the report %d on wheat", i)})
			expect.NoError(t, err)
			far := one[float64](s, fmt.Sprintf("SELECT embedding::vector <-> '%s' FROM %s WHERE index = %d", strings.ReplaceAll(fmt.Sprint(want[0]), " ", ","), name, i))
			if far > 1e-3 || !o.Half && far > 1e-6 {
				t.Errorf("%s: the vector %d is %g from that of its text", name, i, far)
			}
			wantID := fmt.Sprint(i)
			if o.ID != "" {
				wantID = fmt.Sprintf("é '%d\\", i)
			}
			expect.Equal(t, name+": id", one[string](s, fmt.Sprintf("SELECT %s FROM %s WHERE index = %d", id, name, i)), wantID)
		}
		expect.Equal(t, name+": what the table says it is", strings.Contains(one[string](s, "SELECT obj_description('"+name+"'::regclass)"), "the vecspace job "+j.Manifest.ID), true)
		s.exec("CREATE INDEX ON " + name + " USING hnsw (embedding " + kind + "_cosine_ops)")
		_, err = pgtable.Copy(t.Context(), pool, j, name)
		expect.Says(t, name+": a table that is there", err, "already")
		expect.NoError(t, j.Close())
	}
}
