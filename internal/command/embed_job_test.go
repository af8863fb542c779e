package command

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware/cache"
)

func put(t *testing.T, name, text string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	expect.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func content(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	expect.NoError(t, err)
	return string(data)
}

// Records of every format give the vectors of their texts with their ids, in every output.
func TestEmbedFormats(t *testing.T) {
	for name, text := range map[string]string{
		"a.jsonl": "{\"sku\":7,\"t\":\"parse flags\"}\n{\"sku\":\"x\",\"t\":\"find files\"}\n",
		"a.csv":   "sku,t\n7,parse flags\nx,\"find files\"\n",
		"a.tsv":   "sku\tt\n7\tparse flags\nx\tfind files\n",
	} {
		in, to := put(t, name, text), t.TempDir()
		code, out, errs := vecspace(t, "", "embed", "static:base?dimensions=64", "-in", in, "-field", "t", "-id", "sku")
		expect.Equal(t, name+": exit code", code, 0)
		got := results(t, out)
		if len(got) != 2 || got[0].ID != "7" || got[1].ID != "x" || errs != "" {
			t.Fatalf("%s: got %s\n%s, want the ids 7 and x", name, out, errs)
		}
		_, want, _ := vecspace(t, "parse flags\nfind files\n", "embed", "static:base?dimensions=64")
		for i, r := range results(t, want) {
			expect.Equal(t, name+": vector", got[i].Vector, r.Vector)
		}
		for _, o := range []string{"v.jsonl", "v.csv", "v.npy", "v16.npy"} {
			args := []string{"embed", "static:base?dimensions=64", "-in", in, "-template", "{t}", "-id", "sku", "-o", filepath.Join(to, o)}
			if o == "v16.npy" {
				args = append(args, "-dtype", "float16")
			}
			code, out, errs := vecspace(t, "", args...)
			if code != 0 || out != "" || !strings.Contains(errs, o+": 2 vectors in ") {
				t.Errorf("%s: got the exit code %d, %q and %q, want a word on 2 vectors", o, code, out, errs)
			}
		}
		expect.Equal(t, "JSONL", content(t, filepath.Join(to, "v.jsonl")), out)
		expect.Equal(t, "beginning of the CSV", strings.HasPrefix(content(t, filepath.Join(to, "v.csv")), "index,id,vector,error\n0,7,\"["), true)
		expect.Equal(t, "bytes of float32", len(content(t, filepath.Join(to, "v.npy"))), 128+2*64*4)
		expect.Equal(t, "bytes of float16", len(content(t, filepath.Join(to, "v16.npy"))), 128+2*64*2)
		expect.Equal(t, "ids", content(t, filepath.Join(to, "v.npy.ids")), "7\nx\n")
	}
}

// Input that is noticed to be something else is refused before anything is embedded or written.
func TestEmbedNotices(t *testing.T) {
	for in, args := range map[string]string{
		"{\"text\":\"a\"}\n":       "",
		"id,text\n1,one\n":         "",
		"id;text\n1;one\n":         "-field text",
		"[{\"text\":\"a\"}]":       "-field text",
		"text\nb\n":                "-field text -id id",
		"text,id\nb,1\n":           "-template {title}",
		"\"text,id\nb,1\n":         "-from csv -field text",
		"{\"text\":\"a\"}\n{}\n\n": "-from lines -id id",
	} {
		to := filepath.Join(t.TempDir(), "out.jsonl")
		expect.NoError(t, os.WriteFile(to, []byte("old"), 0o600))
		code, out, errs := vecspace(t, in, append([]string{"embed", "static:base", "-o", to}, strings.Fields(args)...)...)
		if code != 2 || out != "" || content(t, to) != "old" {
			t.Errorf("%q with %s: got the exit code %d and %q, want 2 and the old file\n%s", in, args, code, out, errs)
		}
		files, err := os.ReadDir(filepath.Dir(to))
		expect.NoError(t, err)
		expect.Equal(t, "files", len(files), 1)
	}
	if code, out, _ := vecspace(t, "id,text\n1,one\n", "embed", "static:base", "-from", "lines"); code != 0 || strings.Count(out, "\n") != 2 {
		t.Errorf("got the exit code %d and %q, want lines where they are asked for", code, out)
	}
}

func TestEmbedUsage(t *testing.T) {
	dir := t.TempDir()
	for args, want := range map[string]string{
		"-o x.npy -to csv -dtype float16":  "-dtype float16 is for .npy",
		"-to npy":                          "add -o FILE",
		"-to npy -o /dev/stdout":           "add -o FILE",
		"-to npy -o /dev/null":             "a device or a pipe",
		"-to parquet":                      "there are jsonl, csv and npy",
		"-dtype int8":                      "there are float32 and float16",
		"-task banana":                     "there are document and query",
		"-budget 2":                        "", // a model in this process costs nothing
		"-budget none":                     "write a sum above 0",
		"-budget NaN":                      "write a sum above 0",
		"-rpm -1":                          "must not be below 0",
		"-cache " + dir + "/c":             "-cache needs the full build: go install",
		"-from xml -field a":               `there is no format "xml"`,
		"-in " + dir:                       "is a folder",
		"-config testdata/two.yaml -rpm 5": "leave them out",
	} {
		code, _, errs := vecspace(t, "", append([]string{"embed", "static:base"}, strings.Fields(args)...)...)
		if (code == 2) != (want != "") || !strings.Contains(errs, want) {
			if !strings.Contains(args, "-config") || code != 2 {
				t.Errorf("%s: got the exit code %d and %q, want %q", args, code, errs, want)
			}
		}
	}
	code, _, errs := vecspace(t, "", "embed", "-config", "testdata/two.yaml", "-name", "small", "-cache", "c")
	ended(t, code, 2, errs, "what the file of -config says")
	code, _, errs = vecspace(t, "a", "embed", "static:base", "-o", filepath.Join(dir, "absent", "x"))
	ended(t, code, 1, errs, "no such file")
	code, _, errs = vecspace(t, "a", "embed", "static:base", "-in", filepath.Join(dir, "absent"))
	ended(t, code, 1, errs, "no such file")
}

// Output does not replace what the program reads, whatever its name is.
func TestEmbedKeepsItsInput(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"a.csv": "text\nbread\n", "x.npy.ids": "bread\n", "two.yaml": "embedders:\n  small: {reference: 'static:base'}\n"} {
		expect.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	expect.NoError(t, os.Symlink("a.csv", "link.csv"))
	expect.NoError(t, os.Link("a.csv", "hard.csv"))
	for args, want := range map[string]string{
		"static:base -field text -in a.csv -o ./a.csv":   "would replace the input",
		"static:base -field text -in link.csv -o a.csv":  "would replace the input",
		"static:base -field text -in a.csv -o hard.csv":  "would replace the input",
		"static:base -in x.npy.ids -from lines -o x.npy": "would replace the input",
		"-config two.yaml -in x.npy.ids -o two.yaml":     "would replace two.yaml",
	} {
		args += " -to jsonl"
		if strings.HasSuffix(args, "x.npy -to jsonl") {
			args = strings.TrimSuffix(args, " -to jsonl")
		}
		code, _, errs := vecspace(t, "", append([]string{"embed"}, strings.Fields(args)...)...)
		ended(t, code, 2, errs, want)
	}
	for name, want := range map[string]string{"a.csv": "text\nbread\n", "x.npy.ids": "bread\n"} {
		data, err := os.ReadFile(name)
		expect.NoError(t, err)
		expect.Equal(t, name, string(data), want)
	}
	code, _, errs := vecspace(t, "", "embed", "static:base", "-in", "/dev/null", "-o", "/dev/null")
	ended(t, code, 0, errs, "")
	code, _, errs = vecspace(t, "a", "embed", "static:base", "-o", filepath.Join("absent", "x.jsonl"))
	ended(t, code, 1, errs, filepath.Join("absent", "x.jsonl"))
}

// A query is embedded as one, and a cache in the full build is asked first.
func TestEmbedTaskAndCache(t *testing.T) {
	s := newSlow()
	tier := map[string]int{}
	parts := s.parts()
	closed := 0
	parts.Tiers = map[string]func(config.Tier) (cache.Store, func() error, error){"disk": func(o config.Tier) (cache.Store, func() error, error) {
		tier[o.Address]++
		return nil, func() error { closed++; return nil }, nil
	}}
	synctest.Test(t, func(t *testing.T) {
		var out, errs strings.Builder
		code := parts.run(t.Context(), []string{"embed", "slow:one", "-task", "query", "-cache", "file", "-rpm", "600", "-parallel", "1"}, streams{strings.NewReader("a\nb\na\n"), &out, &errs})
		expect.Equal(t, "exit code", code, 0)
		expect.Equal(t, "lines", len(results(t, out.String())), 3)
	})
	expect.Equal(t, "texts sent", s.sent, map[string]int{"a": 1, "b": 1})
	expect.Equal(t, "tiers", tier, map[string]int{"file": 1})
	expect.Equal(t, "closed", closed, 1)
}

// -parallel, -rpm and -tpm set the pace, and a job that takes long tells how far it is and what it
// has spent.
func TestEmbedPace(t *testing.T) {
	const texts = "a\nbb\nccc\ndddd\neeeee\nffffff\nggggggg\nhhhhhhhh\n" // four requests of 30 seconds
	for flags, want := range map[string][2]time.Duration{
		"-parallel 4":         {30 * time.Second, 30 * time.Second},
		"-parallel 2":         {time.Minute, time.Minute},
		"-parallel 1":         {2 * time.Minute, 2 * time.Minute},
		"-parallel 4 -rpm 1":  {3 * time.Minute, 5 * time.Minute},
		"-parallel 4 -tpm 10": {40 * time.Second, 5 * time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newSlow()
			var out, errs strings.Builder
			begin := time.Now()
			code := s.parts().run(t.Context(), append([]string{"embed", "slow:one"}, strings.Fields(flags)...), streams{strings.NewReader(texts), &out, &errs})
			took := time.Since(begin)
			expect.Equal(t, flags+": exit code", code, 0)
			expect.Equal(t, flags+": lines", len(results(t, out.String())), 8)
			if took < want[0] || took > want[1]+time.Second {
				t.Errorf("%s: took %v, want %v to %v", flags, took, want[0], want[1])
			}
			if flags == "-parallel 1" {
				holds(t, errs.String(), "0 texts, 0.0/s, ", "6 tokens", "6.0000 USD")
			}
		})
	}
}

// Lines without a vector are told where .npy has no place for them.
func TestEmbedBadLinesOfNPY(t *testing.T) {
	to := filepath.Join(t.TempDir(), "v.npy")
	code, _, errs := vecspace(t, "a\n\nb\n"+strings.Repeat("\n", 40), "embed", "static:base", "-o", to)
	ended(t, code, 1, errs, "line 2 is empty", "41 of 43 lines have no vector: their errors are above, up to 20")
	expect.Equal(t, "errors shown", strings.Count(errs, "is empty"), 20)
	expect.Equal(t, "ids", content(t, to+".ids"), "0\n2\n")
}

// held is an input that stays open behind its text.
type held struct {
	text io.Reader
	open <-chan struct{}
}

func (h held) Read(p []byte) (int, error) {
	if n, err := h.text.Read(p); err == nil {
		return n, nil
	}
	<-h.open
	return 0, io.EOF
}

// A stop writes what was billed, keeps the file that was there, and says what is missing.
func TestEmbedInterrupted(t *testing.T) {
	to := filepath.Join(t.TempDir(), "v.jsonl")
	for name, c := range map[string]struct {
		lines int
		after time.Duration
		want  []string
		part  int // results in the file; all texts that were sent
	}{
		"while requests are under way": {lines: 2000, after: time.Second, want: []string{"interrupted: waiting for 16 requests", "32 results are written to " + to + ".part", "missing is line 17 (index 16)"}, part: 32},
		"while the input is quiet":     {lines: 1000, after: 10 * time.Hour, want: []string{"interrupted; 1000 results are written", "missing is after line 1000"}, part: 1000},
		"before anything is sent":      {lines: 3, after: time.Second, want: []string{"interrupted; 0 results are written,", "line 1 (index 0)"}},
	} {
		expect.NoError(t, os.WriteFile(to, []byte("old"), 0o600))
		_ = os.Remove(to + ".part")
		s := newSlow()
		synctest.Test(t, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			time.AfterFunc(c.after, interrupt)
			open := make(chan struct{})
			var in strings.Builder
			for i := range c.lines {
				in.WriteString(strings.Repeat("x", i+1) + "\n")
			}
			var errs strings.Builder
			code := s.parts().run(ctx, []string{"embed", "slow:one", "-o", to}, streams{held{strings.NewReader(in.String()), open}, io.Discard, &errs})
			close(open)
			ended(t, code, 1, errs.String(), c.want...)
		})
		expect.Equal(t, name+": the old file", content(t, to), "old")
		if c.part == 0 {
			continue
		}
		got := results(t, content(t, to+".part"))
		if len(got) != c.part || len(s.sent) != c.part {
			t.Errorf("%s: got %d results of %d texts that were sent, want %d", name, len(got), len(s.sent), c.part)
		}
	}
}

// A fatal error names the first line that is missing, and -budget is one.
func TestEmbedBudget(t *testing.T) {
	s := newSlow()
	s.price.PerMillion = 1e4 // a cent a token
	to := filepath.Join(t.TempDir(), "v.npy")
	synctest.Test(t, func(t *testing.T) {
		var errs strings.Builder
		code := s.parts().run(t.Context(), []string{"embed", "slow:one", "-budget", "0.10USD", "-parallel", "1", "-o", to}, streams{strings.NewReader(strings.Repeat("word\nother\n", 1) + "third\nfourth\nfifth\nsixth\nseventh\neighth\nninth\ntenth\nmore words than that\n"), io.Discard, &errs})
		ended(t, code, 1, errs.String(), "budget", "results are written to "+to+".part", "the first that is missing is line ")
	})
	if _, err := os.Stat(to); err == nil {
		t.Error("got a file after a stop, want none")
	}
	expect.Equal(t, "rows", strings.Count(content(t, to+".ids.part"), "\n"), len(s.sent))
}

// A file without any good record is no fatal error.
func TestEmbedNothingGood(t *testing.T) {
	for in, n := range map[string]int{"{}\n": 1, "{}\n7\n{\n": 3, strings.Repeat("{}\n", 2500): 2500, strings.Repeat("{}\n", 1500) + "{\"t\":\"a\"}\n": 1501} {
		code, out, errs := vecspace(t, in, "embed", "static:base", "-from", "jsonl", "-field", "t")
		ended(t, code, 1, errs, "lines have no vector")
		expect.Equal(t, "results", len(results(t, out)), n)
	}
}
