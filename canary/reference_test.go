package canary

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func TestReferenceKeepsEveryBit(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	ref := record(t, f, Options{Texts: []string{"<a> & \u2028 \x00 b"}})
	path := filepath.Join(t.TempDir(), "canary.json")
	for range 2 { // the second time over the first
		expect.NoError(t, ref.Save(path))
	}
	got, err := Load(path)
	expect.NoError(t, err)
	expect.Equal(t, "the reference", got, ref)
	expect.NoError(t, Check(t.Context(), f, got))
	info, err := os.Stat(path)
	expect.NoError(t, err)
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files are left beside it: %v", len(entries)-1, err)
	}
}

func TestSaveFailsWhole(t *testing.T) {
	ref := record(t, embedtest.NewFake(embedtest.FakeOptions{}), Options{})
	dir := t.TempDir()
	path := filepath.Join(dir, "canary.json")
	expect.NoError(t, ref.Save(path))
	before, err := os.ReadFile(path)
	expect.NoError(t, err)
	if err := (Reference{}).Save(path); err == nil {
		t.Error("an empty reference was saved")
	}
	if err := ref.Save(filepath.Join(dir, "no", "folder.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	if err := ref.Save(dir); err == nil {
		t.Error("a folder was overwritten")
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the old reference is gone: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%d files are left: %v", len(entries), err)
	}
	if entries, err := filepath.Glob(dir + ".*.tmp"); err != nil || len(entries) != 0 {
		t.Errorf("left beside the folder: %q, %v", entries, err)
	}
}

func TestReadRefuses(t *testing.T) {
	var buf bytes.Buffer
	ref := record(t, embedtest.NewFake(embedtest.FakeOptions{}), Options{})
	if n, err := ref.WriteTo(&buf); err != nil || n != int64(buf.Len()) {
		t.Fatalf("WriteTo: got %d bytes and the error %v, want %d and none", n, err, buf.Len())
	}
	good := buf.String()
	edited := func(change func(m map[string]any)) string {
		var m map[string]any
		expect.NoError(t, json.Unmarshal([]byte(good), &m))
		change(m)
		body, err := json.Marshal(m)
		expect.NoError(t, err)
		return string(body)
	}
	nan, err := json.Marshal([]Vector{{float32(nanValue())}})
	expect.NoError(t, err)
	for name, c := range map[string]struct{ body, says string }{
		"empty":         {"", "record it again"},
		"half":          {good[:len(good)/2], "record it again"},
		"other version": {edited(func(m map[string]any) { m["version"] = 2 }), "version 2"},
		"no space":      {edited(func(m map[string]any) { m["space"] = "" }), "no Space"},
		"no texts":      {edited(func(m map[string]any) { m["texts"] = []string{} }), "no vectors"},
		"tolerance":     {edited(func(m map[string]any) { m["tolerance"] = 0 }), "tolerance"},
		"a row short":   {edited(func(m map[string]any) { m["documents"] = m["documents"].([]any)[1:] }), "10 document vectors"},
		"dimensions":    {edited(func(m map[string]any) { m["dimensions"] = 7 }), "8 dimensions, not 7"},
		"not base64":    {edited(func(m map[string]any) { m["documents"].([]any)[3] = "???" }), "base64"},
		"5 bytes":       {edited(func(m map[string]any) { m["documents"].([]any)[3] = "AAAAAAA=" }), "32-bit"},
		"zero":          {edited(func(m map[string]any) { m["queries"].([]any)[3] = strings.Repeat("A", 43) + "=" }), "is zero"},
		"NaN": {edited(func(m map[string]any) {
			m["dimensions"], m["texts"], m["queries"] = 1, []string{"a"}, nil
			m["documents"] = json.RawMessage(nan)
		}), "finite"},
	} {
		_, err := Read(strings.NewReader(c.body))
		expect.Says(t, name, err, c.says)
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func nanValue() float64 {
	zero := 0.0
	return zero / zero
}

func FuzzRead(f *testing.F) {
	var buf bytes.Buffer
	ref, err := Record(f.Context(), embedtest.NewFake(embedtest.FakeOptions{}), Options{})
	expect.NoError(f, err)
	_, err = ref.WriteTo(&buf)
	expect.NoError(f, err)
	f.Add(buf.Bytes())
	f.Add([]byte(`{"version":1,"documents":["AAAA"]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		ref, err := Read(bytes.NewReader(body))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if _, err := ref.WriteTo(&out); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := Read(&out)
		if err != nil || len(again.Documents) != len(ref.Documents) {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}
