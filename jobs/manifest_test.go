package jobs

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// A job.json of another version, a changed one and a damaged one are errors that say which.
func TestOpenRefuses(t *testing.T) {
	o := Options{Inputs: []string{put(t, "a.txt", lines(10))}, Out: filepath.Join(t.TempDir(), "out")}
	expect.NoError(t, start(t, paid(), o).Close())
	name := filepath.Join(o.Out, manifestName)
	good := content(t, name)
	for what, c := range map[string]struct{ text, want string }{
		"another version": {strings.Replace(good, `"version": 1`, `"version": 2`, 1), "version 2 and this program reads 1"},
		"changed":         {strings.Replace(good, `"dimensions": 8`, `"dimensions": 9`, 1), "it was changed"},
		"a new field":     {strings.Replace(good, `"version": 1`, `"version": 1, "x": 1`, 1), "damaged"},
		"half":            {good[:len(good)/2], "damaged"},
		"another index":   {strings.Replace(good, `"index": "`, `"index": "0`, 1), "not the one that job.json names"},
		"out of range":    {strings.Replace(good, `"texts": 10`, `"texts": -10`, 1), "out of range"},
	} {
		expect.NoError(t, os.WriteFile(name, []byte(c.text), 0o600))
		_, err := Open(o.Out)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got the error %v, want %q in it", what, err, c.want)
		}
	}
	expect.NoError(t, os.WriteFile(name, []byte(good), 0o600))
	expect.NoError(t, os.WriteFile(filepath.Join(o.Out, indexName), []byte("x"), 0o600))
	_, err := Open(o.Out)
	refused(t, err, "is damaged")
	_, err = Open(t.TempDir())
	refused(t, err, "has no job")
}

func FuzzManifest(f *testing.F) {
	m := Manifest{Version: version, Spec: Spec{ShardTexts: 1, Embedder: Embedder{Space: "a", Dimensions: 1, Task: "query"}}}
	m.ID = m.Spec.id()
	good, err := json.Marshal(m)
	if err != nil {
		f.Fatal("the seed has no JSON form:", err)
	}
	f.Add(good)
	f.Add([]byte(`{"version":1}`))
	f.Add([]byte(`{"version":3,"id":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseManifest(data)
		if err != nil {
			return
		}
		again, err := json.Marshal(m)
		expect.NoError(t, err)
		same, err := parseManifest(again)
		expect.NoError(t, err)
		expect.Equal(t, "a manifest that is written and read", same.ID, m.ID)
		_ = m.task()
	})
}
