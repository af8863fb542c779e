package command

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	comparison "github.com/vecspace/embedding/benchmarks/report"
	"github.com/vecspace/embedding/internal/expect"
)

// compared runs the command in its own folder and returns its output.
func compared(t *testing.T, ctx context.Context, args ...string) (out, errs string, err error) {
	t.Helper()
	var o, e bytes.Buffer
	err = Parts{}.compare(ctx, args, streams{strings.NewReader(""), &o, &e})
	return o.String(), e.String(), err
}

// sets writes a small retrieval set and a list of pairs and makes their folder the current one.
func sets(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{
		"set/corpus.jsonl":   `{"_id":"cat","text":"the cat sleeps on the sofa"}` + "\n" + `{"_id":"car","text":"a fast car on the road"}` + "\n" + `{"_id":"tea","text":"a cup of hot tea"}` + "\n",
		"set/queries.jsonl":  `{"_id":"1","text":"sleeping animal"}` + "\n" + `{"_id":"2","text":"vehicle"}` + "\n" + `{"_id":"3","text":"something to drink"}` + "\n",
		"set/qrels/test.tsv": "1\tcat\t1\n2\tcar\t1\n3\ttea\t1\n",
		"pairs.csv":          "a cat,a kitten,4.5\na car,a cup of tea,0.5\na road,a street,4\na dog,an equation,1\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		expect.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		expect.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

var small = []string{"-task", "set", "-task", "pairs.csv", "-resamples", "200", "-no-speed"}

func TestCompare(t *testing.T) {
	sets(t)
	out, errs, err := compared(t, t.Context(), append(small, "-markdown", "r.md", "-json", "r.json", "static:base", "static:base?dimensions=64")...)
	if err != nil {
		t.Fatalf("got the error %v, want none\n%s", err, errs)
	}
	holds(t, out, "set: 3 queries, 3 documents", "pairs: 4 pairs", "For quality on set take ", "set: words beside meaning", "written: vecspace-compare.html", "written: r.md")
	holds(t, errs, "static:base: 14 texts to send, 0 recorded", "local", "static:base, set: 0 of 6")
	f, err := os.Open("r.json")
	expect.NoError(t, err)
	defer f.Close()
	r, err := comparison.ReadJSON(f)
	expect.NoError(t, err)
	expect.Equal(t, "candidates", len(r.Candidates), 2)
	markdown, err := os.ReadFile("r.md")
	expect.NoError(t, err)
	holds(t, string(markdown), "BM25 + static:base (scores)", "BM25 + static:base (ranks)")
	if want := "static:base 'static:base?dimensions=64'"; !strings.HasSuffix(r.Run.Command, want) {
		t.Errorf("got the command %s, want %s at its end", r.Run.Command, want)
	}

	// Again from the recordings alone, also as a YAML file.
	expect.NoError(t, os.WriteFile("c.yaml", []byte("- static:base\n"), 0o600))
	out, errs, err = compared(t, t.Context(), append(small, "-offline", "-candidates", "c.yaml")...)
	if err != nil {
		t.Errorf("offline: got the error %v, want none", err)
	}
	holds(t, errs, "answers recorded, no call")
	holds(t, out, "static:base")
}

// A candidate that fails is in the report with its reason. The others have their figures, and the
// command fails.
func TestCompareFailure(t *testing.T) {
	sets(t)
	t.Setenv("OPENAI_API_KEY", "")
	out, errs, err := compared(t, t.Context(), append(small, "static:base", "nobody:x", "openai:text-embedding-3-small")...)
	expect.Says(t, "the error", err, "2 of 3 candidates failed: nobody:x, openai:text-embedding-3-small")
	page, readErr := os.ReadFile("vecspace-compare.html")
	if readErr != nil || !bytes.Contains(page, []byte("nobody:x failed: ")) || !strings.Contains(out, "nobody:x (failed)") {
		t.Errorf("got a report without the failure (error %v), want it there\n%s", readErr, out)
	}
	holds(t, errs, "nobody:x will not run")
}

// A broken set is in the report with file and line. The others have their figures, and the command
// fails.
func TestCompareBadSets(t *testing.T) {
	sets(t)
	copied := func(to, changed, text string) {
		t.Helper()
		expect.NoError(t, os.CopyFS(to, os.DirFS("set")))
		expect.NoError(t, os.WriteFile(filepath.Join(to, filepath.FromSlash(changed)), []byte(text), 0o600))
	}
	copied("empty", "corpus.jsonl", "")
	copied("unsure", "qrels/test.tsv", "1\tcat\t1\n1\tcat\t0\n")
	copied("twice", "corpus.jsonl", `{"_id":"cat","text":"a"}`+"\n"+`{"_id":"cat","text":"b"}`+"\n")
	expect.NoError(t, os.WriteFile("nan.csv", []byte("a,b,1\nc,d,NaN\ne,f,3\n"), 0o600))
	bad := map[string]string{
		"empty": "corpus.jsonl: the file is empty", "unsure": `test.tsv:2: document "cat" is judged twice`,
		"twice": `corpus.jsonl:2: the id "cat" is not unique`, "nan.csv": "nan.csv:2: the score is NaN",
	}
	args := []string{"-resamples", "200", "-no-speed", "-markdown", "r.md", "-json", "r.json"}
	for name := range bad {
		args = append(args, "-task", name)
	}
	out, errs, err := compared(t, t.Context(), append(args, "-task", "set", "static:base")...)
	if _, wrong := err.(usageError); err == nil || wrong || !strings.Contains(err.Error(), "4 of 5 tasks could not be read: ") {
		t.Errorf("got the error %v, want that 4 of 5 tasks could not be read\n%s", err, errs)
	}
	files := map[string]string{"stdout": out, "stderr": errs}
	for _, name := range []string{"vecspace-compare.html", "r.md", "r.json"} {
		b, err := os.ReadFile(name)
		expect.NoError(t, err)
		files[name] = strings.NewReplacer("&#34;", `"`, `\"`, `"`).Replace(string(b))
	}
	for name, text := range files {
		for task, want := range bad {
			if !strings.Contains(text, task) || !strings.Contains(text, want) {
				t.Errorf("%s: got no word of %s, want %q", name, task, want)
			}
		}
		if name != "stderr" && !strings.Contains(text, "BM25 + static:base") && !strings.Contains(text, "set: words beside meaning") {
			t.Errorf("%s: got no figures of the good set, want them", name)
		}
	}
	// If no set can be read, there is still a report, and nothing is sent.
	out, _, err = compared(t, t.Context(), "-resamples", "200", "-task", "empty", "static:base")
	if page, readErr := os.ReadFile("vecspace-compare.html"); err == nil || readErr != nil || !bytes.Contains(page, []byte("the file is empty")) || !strings.Contains(out, "empty could not be read") {
		t.Errorf("got the error %v and a report (error %v), want both with the empty file\n%s", err, readErr, out)
	}
}

// A set that judges documents it lacks is compared, with a warning before anything is sent and in
// the report.
func TestCompareWarns(t *testing.T) {
	sets(t)
	name := filepath.FromSlash("set/qrels/test.tsv")
	judged, err := os.ReadFile(name)
	expect.NoError(t, err)
	expect.NoError(t, os.WriteFile(name, []byte(string(judged)+"1\tdog\t1\n9\tcat\t1\n"), 0o600))
	args := []string{"-resamples", "200", "-no-speed", "-task", "set", "static:base"}
	_, errs, err := compared(t, t.Context(), append([]string{"-dry-run"}, args...)...)
	expect.NoError(t, err)
	holds(t, errs, "set: 2 judgments of queries or documents that it lacks are left out")
	out, _, err := compared(t, t.Context(), args...)
	expect.NoError(t, err)
	holds(t, out, "set has 2 judgments of queries or documents that it lacks; they are left out.", "questions only: its figures say little")
}

func TestCompareInterrupted(t *testing.T) {
	sets(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := compared(t, ctx, append(small, "static:base")...)
	expect.Says(t, "the error", err, "run the same command again")
	if page, err := os.ReadFile("vecspace-compare.html"); err != nil || !bytes.Contains(page, []byte("was interrupted")) {
		t.Errorf("got a report that does not say that it was interrupted (error %v), want it", err)
	}
}

func TestCompareDryRun(t *testing.T) {
	sets(t)
	t.Setenv("DASHSCOPE_API_KEY", "sk-made-up")
	_, errs, err := compared(t, t.Context(), append(small, "-dry-run", "-budget", "0.000001", "dashscope:text-embedding-v4?region=intl")...)
	expect.NoError(t, err)
	holds(t, errs, "USD a million tokens as of", "it may stop half way")
	if strings.Contains(errs, "made-up") {
		t.Errorf("got the key in the output, want it nowhere\n%s", errs)
	}
	if _, err := os.Stat("vecspace-compare.html"); err == nil {
		t.Error("got a report of a dry run, want none")
	}
}

func TestCompareUsage(t *testing.T) {
	sets(t)
	expect.NoError(t, os.WriteFile("bad.yaml", []byte("- static:base\n  x: 1\n"), 0o600))
	expect.NoError(t, os.WriteFile("good.yaml", []byte("- static:base\n"), 0o600))
	expect.NoError(t, os.WriteFile("pairs.csv", []byte("a,b,1\n"), 0o600))
	for want, args := range map[string][]string{
		"at least one candidate":  {},
		"-k is 0":                 {"-k", "0", "static:base"},
		"-weight is -1":           {"-weight", "-1", "static:base"},
		"-weight is NaN":          {"-weight", "NaN", "static:base"},
		"-seed":                   {"-seed", "0", "static:base"},
		"-resamples is 5":         {"-resamples", "5", "static:base"},
		"-sample":                 {"-sample", "-1", "static:base"},
		"-largest is -1":          {"-largest", "-1", "static:base"},
		"-rate":                   {"-rate", "0", "static:base"},
		"no such":                 {"-task", "absent", "static:base"},
		"would replace ./same":    {"-html", "./same", "-json", "same", "static:base"},
		"would replace pairs.csv": {"-task", "pairs.csv", "-markdown", "pairs.csv", "static:base"},
		"would replace good.yaml": {"-candidates", "good.yaml", "-json", "good.yaml"},
		"no folder":               {"-html", "absent/r.html", "static:base"},
		"-budget x":               {"-task", "set", "-budget", "x", "static:base"},
		"-budget 2US":             {"-task", "set", "-budget", "2US", "static:base"},
		"name the currency":       {"-task", "set", "-budget", "2.00", "static:base"},
		"given twice":             {"-task", "set", "-budget", "2USD", "-budget", "3USD", "static:base"},
		"bad.yaml: line 2":        {"-candidates", "bad.yaml"},
		"flag provided but not d": {"-nonsense"},
	} {
		_, _, err := compared(t, t.Context(), args...)
		if _, wrong := err.(usageError); !wrong || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got the error %v, want a usage error with %q", args, err, want)
		}
	}
}

func TestCommandLine(t *testing.T) {
	got := commandLine([]string{"-k", "5", "a b", "it's", "", "static:base"})
	expect.Equal(t, "command", got, `vecspace compare -k 5 'a b' 'it'\''s' '' static:base`)
}

// A report goes through a link or to the standard output, and only its owner reads it.
func TestCompareWritesReports(t *testing.T) {
	sets(t)
	args := append([]string{"-html", "link.html", "-markdown", "r.md", "-json", "-", "static:base"}, small...)
	if err := os.Symlink("real.html", "link.html"); err != nil {
		t.Skipf("no links here: %v", err)
	}
	out, errs, err := compared(t, t.Context(), args...)
	expect.NoError(t, err)
	r, err := comparison.ReadJSON(strings.NewReader(out))
	expect.NoError(t, err)
	expect.Equal(t, "candidates", len(r.Candidates), 1)
	holds(t, errs, "set: words beside meaning", "written: link.html", "written: r.md")
	for _, name := range []string{"real.html", "r.md"} {
		info, err := os.Lstat(name)
		expect.NoError(t, err)
		expect.Equal(t, "type and mode of "+name, info.Mode(), 0o600)
	}
	for _, more := range [][]string{{"-markdown", "-"}, {"-html", "/dev/stdout"}} {
		_, _, err := compared(t, t.Context(), append(more, "-json", "-", "static:base")...)
		expect.Says(t, fmt.Sprintf("%v", more), err, "one report only")
	}
}

// The speed test's texts have a line and a price of their own, and reasons of failures come last.
func TestCompareTellsSpeedAndReasons(t *testing.T) {
	sets(t)
	t.Setenv("DASHSCOPE_API_KEY", "sk-made-up")
	_, errs, err := compared(t, t.Context(), "-task", "set", "-dry-run", "dashscope:text-embedding-v4?region=intl")
	expect.NoError(t, err)
	holds(t, errs, "6 texts to send, 0 recorded; about ", "texts more to measure its speed (-no-speed leaves them out); about ", "USD a million tokens")
	out, _, err := compared(t, t.Context(), append(small, "static:base", "nobody:x")...)
	expect.Says(t, "the error", err, "1 of 2 candidates failed: nobody:x\n  nobody:x: ")
	if strings.Index(out, "nobody:x failed: ") < strings.Index(out, "set: words beside meaning") {
		t.Errorf("got the reason before the figures, want it behind them\n%s", out)
	}
}
