package jobs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// Each damage of a part is found and named, and the job does the part again.
func TestVerifyFindsDamage(t *testing.T) {
	for _, to := range []string{"npy", "jsonl"} {
		e := paid()
		in := put(t, "a.txt", lines(50)+"\n"+lines(9))
		o := Options{Inputs: []string{in}, Out: filepath.Join(t.TempDir(), "out"), To: to, ShardTexts: 20}
		j := start(t, e, o)
		expect.NoError(t, j.Work(t.Context(), e, WorkOptions{}))
		good, err := j.Verify(t.Context())
		expect.NoError(t, err)
		expect.Equal(t, "a good job", good, Verified{Parts: 3, Texts: 60, Vectors: 59, Rejected: 1})
		dir := filepath.Join(o.Out, dataName, partFolder(2))
		files, err := os.ReadDir(dir)
		expect.NoError(t, err)
		for _, f := range files {
			name := filepath.Join(dir, f.Name())
			text := content(t, name)
			for what, damage := range map[string]func() error{
				"is gone":       func() error { return os.Remove(name) },
				"has a bit off": func() error { return os.WriteFile(name, []byte(flip(text)), 0o600) },
				"is cut":        func() error { return os.WriteFile(name, []byte(text[:len(text)-1]), 0o600) },
			} {
				expect.NoError(t, damage())
				v, err := j.Verify(t.Context())
				expect.NoError(t, err)
				if len(v.Problems) != 1 || !strings.HasPrefix(v.Problems[0], "shard 2: ") || v.Parts != 2 || len(v.Damaged) != 1 || v.Damaged[0] != 2 {
					if f.Name() != partName || what != "is cut" { // which is its last line feed
						t.Errorf("%s %s: got %+v, want a problem of shard 2", f.Name(), what, v)
					}
				}
				expect.NoError(t, os.WriteFile(name, []byte(text), 0o600))
			}
		}
		// Files that fit each other and not the inputs.
		expect.NoError(t, os.Rename(filepath.Join(o.Out, dataName, partFolder(0)), filepath.Join(o.Out, "aside")))
		expect.NoError(t, os.Rename(filepath.Join(o.Out, dataName, partFolder(1)), filepath.Join(o.Out, dataName, partFolder(0))))
		v, err := j.Verify(t.Context())
		expect.NoError(t, err)
		expect.Equal(t, "parts that are whole", v.Parts, 1)
		expect.Equal(t, "missing", v.Missing, 1)
		n, err := j.Retry(v.Damaged...)
		expect.NoError(t, err)
		expect.Equal(t, "shards to do again", n, 1)
		expect.NoError(t, j.Work(t.Context(), e, WorkOptions{}))
		again, err := j.Verify(t.Context())
		expect.NoError(t, err)
		expect.Equal(t, "the job after it was mended", again, good)
	}
}

// flip changes a digit or a byte in the middle, so that JSON stays JSON where it can.
func flip(s string) string {
	at := len(s) / 2
	for i := at; i < len(s); i++ {
		if s[i] > '0' && s[i] < '9' {
			at = i
			break
		}
	}
	return s[:at] + string(s[at]^1) + s[at+1:]
}
