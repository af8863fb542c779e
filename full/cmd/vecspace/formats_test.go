package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// TestFormats: the program reads objects, writes Parquet, reads that again and publishes it.
func TestFormats(t *testing.T) {
	dir := t.TempDir()
	at := "file://" + filepath.ToSlash(dir)
	for f := range 2 {
		var b strings.Builder
		for i := range 50 {
			fmt.Fprintf(&b, "{\"t\":\"the report %d\",\"id\":\"%d\"}\n", f*50+i, f*50+i)
		}
		expect.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(f, ".jsonl")), []byte(b.String()), 0o600))
	}
	out, merged := filepath.Join(dir, "out"), filepath.Join(dir, "merged.parquet")
	run := func(code int, words, line string) {
		t.Helper()
		got, said := start(t, strings.Fields(line)...)()
		if got != code || !strings.Contains(said, words) {
			t.Errorf("%s: got %d and %s, want %d and %s", line, got, said, code, words)
		}
	}
	run(0, "100 vectors in", "job run -in "+at+"/*.jsonl -field t -id id -to parquet -shard 30 -out "+out)
	run(0, "4 parts are whole", "job verify "+out)
	run(0, "100 vectors", "job merge -o "+merged+" "+out)
	run(0, "4 parts written, 0 were there", "job publish -to "+at+"/published "+out)
	run(0, "0 parts written, 4 were there", "job publish -to "+at+"/published "+out)
	run(0, "100 vectors in", "job run -in "+merged+" -field id -id index -out "+filepath.Join(dir, "again"))
	run(1, "the column \"vector\" is nested", "job run -in "+merged+" -field vector -out "+filepath.Join(dir, "none"))
	run(2, "there is no such file", "job run -in "+at+"/*.csv -out "+filepath.Join(dir, "none"))
	found, err := filepath.Glob(filepath.Join(dir, "published", "*", "*", "*"))
	expect.NoError(t, err)
	expect.Equal(t, "published files", len(found), 8)
}
