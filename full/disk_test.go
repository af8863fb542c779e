package full_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// Two embedders of a file share one tier, which is closed with the Set.
func TestDiskTier(t *testing.T) {
	file := filepath.ToSlash(filepath.Join(t.TempDir(), "vectors.db"))
	field := "{reference: static:base, cache: {tier: {disk: '" + file + "', max_bytes: 16777216, ttl: 1h}}}"
	for range 2 {
		s := read(t, "embedders: {a: "+field+", b: "+field+"}")
		e, err := s.Embedder("b")
		expect.NoError(t, err)
		_, err = embedding.Query(t.Context(), e, "text")
		expect.NoError(t, err)
		expect.NoError(t, s.Close())
	}
}

func TestDiskRefuses(t *testing.T) {
	file := filepath.ToSlash(filepath.Join(t.TempDir(), "text"))
	expect.NoError(t, os.WriteFile(file, []byte(strings.Repeat("no data base ", 1000)), 0o600))
	for field, want := range map[string]string{
		"cache: {tier: {disk: " + file + "}}":               file,
		"cache: {tier: {disk: " + file + "/absent/x.db}}":   "absent",
		"cache: {tier: {disk: new.db, max_bytes: 1000000}}": "MaxBytes is 1000000",
	} {
		if got := refused(t, field); !strings.Contains(got, want) || !strings.Contains(got, `line 1: embedder "a"`) {
			t.Errorf("%s: got the error %s, want %q and the line", field, got, want)
		}
	}
}
