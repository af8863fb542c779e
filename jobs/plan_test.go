package jobs

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/whole"
)

// refused fails unless err has each of some words.
func refused(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("got the error %v, want %q in it", err, w)
		}
	}
}

// The same Options go on with a job, and others are an error that says what was and what is.
func TestNewPlanAgain(t *testing.T) {
	e := paid()
	in := put(t, "a.jsonl", `{"t":"a","u":"b","id":1}`)
	o := Options{Inputs: []string{in}, Out: filepath.Join(t.TempDir(), "deep", "out"), Field: "t", ID: "id", Reference: "acme:m"}
	expect.NoError(t, start(t, e, o).Close())
	p, err := NewPlan(t.Context(), e, o)
	expect.NoError(t, err)
	expect.Equal(t, "resumed", p.Resumed, true)
	expect.Equal(t, "texts", p.Manifest.Plan.Texts, 1)
	p.Discard()

	model := e.Model()
	model.Space = ""
	model.ID = "n"
	other := embedtest.NewFake(embedtest.FakeOptions{Model: model})
	model.ID, model.Variant = "m", "polite"
	variant := embedtest.NewFake(embedtest.FakeOptions{Model: model})
	for name, c := range map[string]struct {
		e    embedding.Embedder
		edit func(*Options)
		want []string
	}{
		"space":     {other, nil, []string{"acme/m@8", "acme/n@8"}},
		"variant":   {variant, nil, []string{"the variant was  and is polite"}},
		"reference": {e, func(o *Options) { o.Reference = "acme:m?x=1" }, []string{"acme:m and is acme:m?x=1"}},
		"task":      {e, func(o *Options) { o.Task = embedding.TaskQuery }, []string{"document and is query"}},
		"field":     {e, func(o *Options) { o.Field = "u" }, []string{"the field of the text was t and is u"}},
		"template":  {e, func(o *Options) { o.Field, o.Template = "", "{t}" }, []string{"the template was  and is {t}"}},
		"id":        {e, func(o *Options) { o.ID = "u" }, []string{"the field of the id was id and is u"}},
		"format":    {e, func(o *Options) { o.Format = "csv" }, []string{"the format of the input"}},
		"output":    {e, func(o *Options) { o.To = "jsonl" }, []string{"npy and is jsonl"}},
		"numbers":   {e, func(o *Options) { o.Half = true }, []string{"float32 and is float16"}},
		"shards":    {e, func(o *Options) { o.ShardTexts = 7 }, []string{"5000 and is 7"}},
		"one more":  {e, func(o *Options) { o.Inputs = append(o.Inputs, put(t, "b", "x")) }, []string{"input files was 1 and is 2"}},
		"another":   {e, func(o *Options) { o.Inputs = []string{put(t, "b", "x")} }, []string{"input 1 was " + in}},
	} {
		t.Run(name, func(t *testing.T) {
			other := o
			if c.edit != nil {
				c.edit(&other)
			}
			_, err := NewPlan(t.Context(), c.e, other)
			refused(t, err, append(c.want, "write to another folder")...)
		})
	}
}

// An input that is another one than planned is noticed, whatever has changed.
func TestNewPlanChangedInput(t *testing.T) {
	e := paid()
	text := lines(1000)
	for name, c := range map[string]struct{ now, want string }{
		"shrunk": {text[:len(text)-9], "has shrunk from"},
		"grown":  {text + "x\n", "has grown from"},
		"edited": {strings.Replace(text, "text 3\n", "TEXT 3\n", 1), "has other content"},
	} {
		in := put(t, "a.txt", text)
		o := Options{Inputs: []string{in}, Out: filepath.Join(t.TempDir(), "out")}
		j := start(t, e, o)
		expect.NoError(t, os.WriteFile(in, []byte(c.now), 0o600))
		refused(t, j.Work(t.Context(), e, WorkOptions{}), in, c.want)
		expect.NoError(t, j.Close())
		_, err := NewPlan(t.Context(), e, o)
		refused(t, err, in, c.want)
		expect.NoError(t, os.Remove(in))
		j, err = Open(o.Out)
		expect.NoError(t, err)
		refused(t, j.Work(t.Context(), e, WorkOptions{}), in, "cannot read its input")
		expect.NoError(t, j.Close())
		if t.Failed() {
			t.Fatalf("%s: see above, want errors that say what changed", name)
		}
	}
	expect.Equal(t, "requests", len(e.Calls()), 0)
}

// What is no job's folder, or cannot be one, is left as it is.
func TestNewPlanRefusesFolders(t *testing.T) {
	e, in := paid(), put(t, "a.txt", "a\n")
	full := t.TempDir()
	expect.NoError(t, os.WriteFile(filepath.Join(full, "thesis.txt"), nil, 0o600))
	for name, c := range map[string]struct{ out, want string }{
		"other files": {full, "thesis.txt"},
		"a file":      {in, "not a directory"},
		"below one":   {filepath.Join(in, "out"), "not a directory"},
		"none":        {"", "no folder"},
	} {
		_, err := NewPlan(t.Context(), e, Options{Inputs: []string{in}, Out: c.out})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got the error %v, want %q in it", name, err, c.want)
		}
	}
	left, err := os.ReadDir(full)
	expect.NoError(t, err)
	expect.Equal(t, "files in the folder of others", len(left), 1)
	if os.Geteuid() != 0 { // who may do anything
		locked := t.TempDir()
		expect.NoError(t, os.Chmod(locked, 0o500))
		_, err := NewPlan(t.Context(), e, Options{Inputs: []string{in}, Out: filepath.Join(locked, "out")})
		refused(t, err, "permission denied", locked)
	}
}

// A plan that is not started leaves nothing.
func TestDiscard(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	p, err := NewPlan(t.Context(), paid(), Options{Inputs: []string{put(t, "a.txt", lines(10))}, Out: out, ShardTexts: 3})
	expect.NoError(t, err)
	expect.Equal(t, "plan", p.Manifest.Plan.Shards, 4)
	p.Discard()
	p.Discard()
	expect.Equal(t, "the folder is there", exists(out), false)
}

// A plan that was killed is no obstacle, and what it left is removed.
func TestNewPlanAfterAKill(t *testing.T) {
	o := Options{Inputs: []string{put(t, "a.txt", lines(10))}, Out: t.TempDir()}
	for _, name := range []string{whole.Unfinished + "1", lockName, indexName} {
		expect.NoError(t, os.WriteFile(filepath.Join(o.Out, name), []byte("half"), 0o600))
	}
	e := paid()
	j := start(t, e, o)
	expect.NoError(t, j.Work(t.Context(), e, WorkOptions{}))
	expect.Equal(t, "the unfinished file is there", exists(filepath.Join(o.Out, whole.Unfinished+"1")), false)
	complete(t, j, e)
}

// Two runs at once: the second is refused, and may work.
func TestNewPlanTwice(t *testing.T) {
	e := paid()
	o := Options{Inputs: []string{put(t, "a.txt", lines(10))}, Out: filepath.Join(t.TempDir(), "out")}
	j := start(t, e, o)
	_, err := NewPlan(t.Context(), e, o)
	if !errors.Is(err, ErrRunning) {
		t.Errorf("got the error %v, want ErrRunning", err)
	}
	refused(t, err, "vecspace job worker")
	helper, err := Open(o.Out)
	expect.NoError(t, err)
	expect.NoError(t, helper.Work(t.Context(), e, WorkOptions{}))
	expect.NoError(t, errors.Join(helper.Close(), j.Close()))
	p, err := NewPlan(t.Context(), e, o)
	expect.NoError(t, err)
	p.Discard()
}

// Inputs that are none are refused before anything is made.
func TestNewPlanRefusesInputs(t *testing.T) {
	dir := t.TempDir()
	a := put(t, "a.txt", "a\n")
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"none":          {Options{}, "no input"},
		"missing":       {Options{Inputs: []string{filepath.Join(dir, "x")}}, "no such file"},
		"a folder":      {Options{Inputs: []string{dir}}, "is a folder"},
		"twice":         {Options{Inputs: []string{a, filepath.Dir(a) + "/./a.txt"}}, "given twice"},
		"JSON as lines": {Options{Inputs: []string{put(t, "b", "{\"t\":1}\n")}}, "looks like JSON"},
		"no field":      {Options{Inputs: []string{put(t, "c", "id,t\n1,a\n")}, Field: "u"}, `the field "u" 0 times`},
		"output":        {Options{Inputs: []string{a}, To: "xlsx"}, "npy, jsonl"},
		"half":          {Options{Inputs: []string{a}, To: "jsonl", Half: true}, "float16 is for npy"},
		"shard":         {Options{Inputs: []string{a}, ShardTexts: -1}, "at least 1"},
	} {
		c.o.Out = filepath.Join(dir, "out")
		_, err := NewPlan(t.Context(), paid(), c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got the error %v, want %q in it", name, err, c.want)
		}
		expect.Equal(t, name+": the folder is there", exists(c.o.Out), false)
	}
	unknown := embedtest.NewFake(embedtest.FakeOptions{})
	m := unknown.Model()
	m.Space, m.Dimensions = "", 0
	_, err := NewPlan(t.Context(), embedding.Wrap(unknown, m, unknown.Embed), Options{Inputs: []string{a}, Out: filepath.Join(dir, "out")})
	refused(t, err, "embedding.Probe")
}

// A job of nothing is complete.
func TestEmptyJob(t *testing.T) {
	e := paid()
	j := start(t, e, Options{Inputs: []string{put(t, "a.txt", "")}, Out: filepath.Join(t.TempDir(), "out")})
	expect.NoError(t, j.Work(t.Context(), e, WorkOptions{}))
	s, err := j.Status()
	expect.NoError(t, err)
	expect.Equal(t, "state", s.State, "complete")
	n, err := j.Merge(t.Context(), filepath.Join(t.TempDir(), "m.npy"))
	expect.NoError(t, err)
	expect.Equal(t, "vectors", n, 0)
}

// Records of every format, in several files, have their ids and vectors in their order.
func TestFormats(t *testing.T) {
	zip := func(s string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, err := w.Write([]byte(s))
		expect.NoError(t, errors.Join(err, w.Close()))
		return b.String()
	}
	e := paid()
	var csv, jsonl strings.Builder
	csv.WriteString("id,t\n")
	for i := range 40 {
		id := string(rune('a'+i%26)) + strings.Repeat("x", i/26)
		csv.WriteString(id + ",\"text\n" + id + "\"\n")
		jsonl.WriteString(`{"t":"text\n` + id + `","id":"` + id + "\"}\n\n")
	}
	table := csv.String()
	tsv := strings.NewReplacer("\"text\n", "text ", "\"", "", ",", "\t").Replace(table)
	var want string
	for name, text := range map[string]string{
		"a.csv": table, "b.jsonl": jsonl.String(), "c.tsv": tsv, "d.csv.gz": zip(table), "e.csv": strings.TrimSuffix(table, "\n"), "f.csv": "\ufeff" + table,
	} {
		o := Options{
			Inputs: []string{put(t, name, text), put(t, "last.csv", "t,id\nlast,last")}, Out: filepath.Join(t.TempDir(), "out"),
			Field: "t", ID: "id", ShardTexts: 7,
		}
		if strings.HasPrefix(name, "b") {
			o.Inputs[1] = put(t, "last.jsonl", `{"t":"last","id":"last"}`)
		}
		j := start(t, e, o)
		expect.Equal(t, name+": shards", j.Manifest.Plan.Shards, 7)
		expect.NoError(t, j.Work(t.Context(), e, WorkOptions{Workers: 3}))
		v, err := j.Verify(t.Context())
		expect.NoError(t, err)
		expect.Equal(t, name+": verified", v, Verified{Parts: 7, Texts: 41, Vectors: 41})
		to := filepath.Join(t.TempDir(), "m.npy")
		_, err = j.Merge(t.Context(), to)
		expect.NoError(t, err)
		ids := content(t, to+".ids")
		if want == "" {
			want = ids
		}
		if ids != want || !strings.HasPrefix(ids, "a\nb\n") || !strings.HasSuffix(ids, "nx\nlast\n") {
			t.Errorf("%s: got the ids %q, want those of the records in their order", name, ids)
		}
	}
}

// Estimates are of all texts, also where only a part of them is measured.
func TestFigures(t *testing.T) {
	p, err := NewPlan(t.Context(), paid(), Options{Inputs: []string{put(t, "a.txt", lines(20_000))}, Out: filepath.Join(t.TempDir(), "out")})
	expect.NoError(t, err)
	defer p.Discard()
	f, exact := p.Manifest.Plan, 0
	for line := range strings.Lines(lines(20_000)) {
		exact += embedding.EstimateTokens(strings.TrimSuffix(line, "\n"))
	}
	expect.Equal(t, "texts", f.Texts, 20_000)
	expect.Equal(t, "shards", f.Shards, 4)
	expect.Equal(t, "bytes", f.Bytes, int64(len(lines(20_000))-20_000))
	if f.Tokens < exact*95/100 || f.Tokens > exact*105/100 {
		t.Errorf("got %d tokens, want about %d", f.Tokens, exact)
	}
}
