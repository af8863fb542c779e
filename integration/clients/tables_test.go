package clients

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/jobs/parquet"
	"github.com/vecspace/embedding/providers"
)

// writeTables writes 50 texts by pyarrow and polars, in the forms that these choose, in zstd as a
// command would, and as many as there are in the last file by DuckDB.
const writeTables = `import os, sys, duckdb, polars, pyarrow as pa, pyarrow.parquet as pq
os.chdir(sys.argv[1])
ids, texts = list(range(50)), [f"the report {i} on wheat" for i in range(50)]
docs = pa.table({"id": pa.array(ids, pa.uint16()), "text": pa.array(texts, pa.large_string()), "v": [[1.0]] * 50})
pq.write_table(docs, "arrow.parquet", row_group_size=7)
pq.write_table(docs, "arrow1.parquet", version="1.0", data_page_version="2.0", compression="zstd", use_dictionary=False)
polars.DataFrame({"id": ids, "text": texts}).write_parquet("polars.parquet", row_group_size=16)
duckdb.execute("COPY (SELECT id, text FROM docs ORDER BY id) TO 'duck.parquet' (FORMAT parquet)")
open("lines.jsonl", "w").writelines('{"id": %d, "text": "%s"}\n' % t for t in zip(ids, texts))
pa.output_stream("lines.jsonl.zst", compression="zstd").write(open("lines.jsonl", "rb").read())
`

// readTables reads the parts of a job and the merged file by all of them.
const readTables = `import glob, sys, os, duckdb, polars, numpy, pyarrow.parquet as pq
os.chdir(sys.argv[1])
want = [list(map(float, line.split())) for line in open("want")]
parts = sorted(glob.glob("vectors/data/*/vectors.parquet"))
arrow = [r for p in parts + ["merged.parquet"] for r in pq.read_table(p).to_pylist()]
duck = duckdb.sql("SELECT index, id, vector FROM 'vectors/data/*/vectors.parquet' ORDER BY index").fetchall()
pola = polars.read_parquet("merged.parquet").rows()
f32 = numpy.float32
same = lambda v, i: (numpy.array(v, f32) == numpy.array(want[i], f32)).all()
assert len(arrow) == 100 and all(r["index"] == i % 50 and r["id"] == str(i % 50) and same(r["vector"], i % 50) for i, r in enumerate(arrow))
for rows in duck, pola:
    assert len(rows) == 50 and all(n == i and name == str(i) and same(v, i) for i, (n, name, v) in enumerate(rows))
print(len(parts), pq.read_schema("merged.parquet").field("vector").type, duckdb.sql("SELECT typeof(vector) FROM 'merged.parquet' LIMIT 1").fetchall()[0][0],
      polars.read_parquet_schema("merged.parquet")["vector"])
`

// TestTablesReadJobs: a job reads what pyarrow, polars and DuckDB write, and they read what it
// writes.
func TestTablesReadJobs(t *testing.T) {
	dir := t.TempDir()
	out, err := servers.Tables(t, "-c", writeTables, dir).CombinedOutput()
	if err != nil {
		t.Fatalf("Python ends with %v: %s", err, out)
	}
	e, err := providers.Open("static:base?dimensions=64")
	expect.NoError(t, err)
	want, err := os.Create(filepath.Join(dir, "want"))
	expect.NoError(t, err)
	for i := range 50 {
		v, err := embedding.Documents(t.Context(), e, []string{text(i)})
		expect.NoError(t, err)
		_, err = want.WriteString(numbers(v[0]) + "\n")
		expect.NoError(t, err)
	}
	expect.NoError(t, want.Close())
	for _, in := range []string{"arrow.parquet", "arrow1.parquet", "polars.parquet", "duck.parquet", "lines.jsonl.zst"} {
		for _, old := range []string{"vectors", "merged.parquet"} {
			expect.NoError(t, os.RemoveAll(filepath.Join(dir, old)))
		}
		p, err := jobs.NewPlan(t.Context(), e, jobs.Options{
			Inputs: []string{filepath.Join(dir, in)}, Out: filepath.Join(dir, "vectors"), Field: "text", ID: "id", To: "parquet", ShardTexts: 8, Formats: parquet.Formats(),
		})
		expect.NoError(t, err)
		j, err := p.Start()
		expect.NoError(t, err)
		expect.NoError(t, j.Work(t.Context(), e, jobs.WorkOptions{}))
		_, err = j.Merge(t.Context(), filepath.Join(dir, "merged.parquet"))
		expect.NoError(t, err)
		expect.NoError(t, j.Close())
		out, err := servers.Tables(t, "-c", readTables, dir).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: Python ends with %v: %s", in, err, out)
		}
		expect.Equal(t, in+": what they say", string(out), "7 list<element: float not null> FLOAT[] List(Float32)\n")
	}
}

func text(i int) string { return fmt.Sprintf("the report %d on wheat", i) }

func numbers(v []float32) string {
	return strings.Trim(fmt.Sprint(v), "[]")
}
