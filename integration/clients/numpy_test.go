package clients

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/providers"
)

// TestNumPyReadsJobs: NumPy loads and maps the files of a job, as docs/jobs.md shows it, and the
// merged file; their rows are the vectors of the texts, and ids.txt names them.
func TestNumPyReadsJobs(t *testing.T) {
	e, err := providers.Open("static:base?dimensions=64")
	expect.NoError(t, err)
	var texts []string
	for i := range 50 {
		texts = append(texts, fmt.Sprintf("the report %d on wheat", i))
	}
	vectors, err := embedding.Documents(t.Context(), e, texts)
	expect.NoError(t, err)
	for dtype, half := range map[string]bool{"float32": false, "float16": true} {
		dir := t.TempDir()
		in := filepath.Join(dir, "texts.txt")
		expect.NoError(t, os.WriteFile(in, []byte(strings.Join(texts, "\n")), 0o600))
		var raw bytes.Buffer
		for _, v := range vectors {
			expect.NoError(t, binary.Write(&raw, binary.LittleEndian, v))
		}
		expect.NoError(t, os.WriteFile(filepath.Join(dir, "want"), raw.Bytes(), 0o600))
		p, err := jobs.NewPlan(t.Context(), e, jobs.Options{Inputs: []string{in}, Out: filepath.Join(dir, "vectors"), Half: half, ShardTexts: 8})
		expect.NoError(t, err)
		j, err := p.Start()
		expect.NoError(t, err)
		expect.NoError(t, j.Work(t.Context(), e, jobs.WorkOptions{}))
		_, err = j.Merge(t.Context(), filepath.Join(dir, "merged.npy"))
		expect.NoError(t, err)
		expect.NoError(t, j.Close())
		const script = `import glob, numpy, os, sys
os.chdir(sys.argv[1])
parts = sorted(glob.glob("vectors/data/*/vectors.npy"))
vectors = numpy.concatenate([numpy.load(p) for p in parts])
merged = numpy.load("merged.npy", mmap_mode="r")
want = numpy.fromfile("want", dtype="<f4").reshape(-1, 64).astype(vectors.dtype)
ids = [line.strip() for p in parts for line in open(os.path.join(os.path.dirname(p), "ids.txt"))]
assert (vectors == want).all() and (merged == want).all() and merged.dtype == vectors.dtype
assert ids == [str(i) for i in range(len(vectors))] == open("merged.npy.ids").read().split()
print(len(parts), vectors.shape, vectors.dtype)`
		out, err := servers.Clients(t, "-c", script, dir).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: NumPy ends with %v: %s", dtype, err, out)
		}
		expect.Equal(t, "what NumPy says", string(out), "7 (50, 64) "+dtype+"\n")
	}
}
