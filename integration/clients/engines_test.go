package clients

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/server"
)

// readVectors prints the vectors of a folder of Parquet files by id.
const readVectors = `import json, sys, pyarrow.parquet as pq
t = pq.read_table(sys.argv[1])
print(json.dumps(dict(zip(t["id"].to_pylist(), t["vector"].to_pylist()))))`

// TestEngines: Ray and Daft embed a file through the server, as the examples show it, and each row
// has the vector of its text.
func TestEngines(t *testing.T) {
	e, err := providers.Open("static:base")
	expect.NoError(t, err)
	s, err := server.New(server.Options{Models: map[string]server.Model{"static:base": {Embedder: e}}})
	expect.NoError(t, err)
	srv := httptest.NewServer(s)
	defer srv.Close()
	var texts []string
	var lines strings.Builder
	for i := range 1_000 {
		texts = append(texts, fmt.Sprintf("the report %d on wheat", i))
		fmt.Fprintf(&lines, `{"id": "d%d", "text": "%s"}`+"\n", i, texts[i])
	}
	want, err := embedding.Documents(t.Context(), e, texts)
	expect.NoError(t, err)
	in := filepath.Join(t.TempDir(), "docs.jsonl")
	expect.NoError(t, os.WriteFile(in, []byte(lines.String()), 0o600))
	for _, engine := range []string{"ray", "daft"} {
		t.Run(engine, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "vectors")
			python(t, srv.URL, filepath.Join("..", "..", "examples", "engines", engine, "embed.py"), in, out)
			var got map[string][]float32
			expect.NoError(t, json.Unmarshal(python(t, srv.URL, "-c", readVectors, out), &got))
			expect.Equal(t, "rows", len(got), len(texts))
			for i, v := range want {
				expect.Equal(t, texts[i], got[fmt.Sprintf("d%d", i)], v)
			}
		})
	}
}

// python runs a script of the engines' Python and returns what it prints.
func python(t *testing.T, url string, args ...string) []byte {
	t.Helper()
	cmd := servers.Engines(t, args...)
	cmd.Env = append(cmd.Env, "VECSPACE_URL="+url+"/v1", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1", "RAY_USAGE_STATS_ENABLED=0", "DO_NOT_TRACK=true")
	out, err := cmd.Output()
	if failed, ok := err.(*exec.ExitError); ok {
		t.Fatalf("%s ends with %v: %s", strings.Join(args[:min(2, len(args))], " "), err, failed.Stderr)
	}
	expect.NoError(t, err)
	return out
}
