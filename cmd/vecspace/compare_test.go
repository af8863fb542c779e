package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks"
	comparison "github.com/vecspace/embedding/benchmarks/report"
	"github.com/vecspace/embedding/internal/expect"
)

// compared runs the command in a folder of its own and returns what it printed.
func compared(t *testing.T, ctx context.Context, args ...string) (out, errs string, err error) {
	t.Helper()
	var o, e bytes.Buffer
	err = compare(ctx, args, streams{strings.NewReader(""), &o, &e})
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
		t.Fatal(err, errs)
	}
	for _, want := range []string{"set: 3 queries, 3 documents", "pairs: 4 pairs", "BM25 + static:base", "written: vecspace-compare.html", "written: r.md"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	for _, want := range []string{"static:base: 14 texts to send, 0 recorded", "local", "static:base, set: 0 of 6"} {
		if !strings.Contains(errs, want) {
			t.Errorf("%q is missing in\n%s", want, errs)
		}
	}
	f, err := os.Open("r.json")
	expect.NoError(t, err)
	defer f.Close()
	r, err := comparison.ReadJSON(f)
	if err != nil || len(r.Candidates) != 2 || !strings.HasSuffix(r.Run.Command, "static:base 'static:base?dimensions=64'") {
		t.Errorf("%v, %+v", err, r.Run)
	}

	// Again from the recordings alone, also as a YAML file.
	expect.NoError(t, os.WriteFile("c.yaml", []byte("- static:base\n"), 0o600))
	out, errs, err = compared(t, t.Context(), append(small, "-offline", "-candidates", "c.yaml")...)
	if err != nil || !strings.Contains(errs, "answers recorded, no call") || !strings.Contains(out, "static:base") {
		t.Errorf("%v\n%s%s", err, errs, out)
	}
}

// A candidate that fails is in the report with its reason, the others have their figures, and the command fails.
func TestCompareFailure(t *testing.T) {
	sets(t)
	t.Setenv("OPENAI_API_KEY", "")
	out, errs, err := compared(t, t.Context(), append(small, "static:base", "nobody:x", "openai:text-embedding-3-small")...)
	if err == nil || !strings.Contains(err.Error(), "2 of 3 candidates failed: nobody:x, openai:text-embedding-3-small") {
		t.Errorf("error %v\n%s", err, errs)
	}
	page, readErr := os.ReadFile("vecspace-compare.html")
	if readErr != nil || !bytes.Contains(page, []byte("nobody:x failed: ")) || !strings.Contains(out, "nobody:x (failed)") {
		t.Errorf("the failure is not in the report (%v)\n%s", readErr, out)
	}
	if !strings.Contains(errs, "nobody:x will not run") {
		t.Errorf("the failure is not told before the start\n%s", errs)
	}
}

// A set in which something is wrong is in the report with file and line, the others have their figures, and the command fails.
func TestCompareBadSets(t *testing.T) {
	sets(t)
	copied := func(to, changed, text string) {
		t.Helper()
		expect.NoError(t, os.CopyFS(to, os.DirFS("set")))
		expect.NoError(t, os.WriteFile(filepath.Join(to, filepath.FromSlash(changed)), []byte(text), 0o600))
	}
	copied("empty", "corpus.jsonl", "")
	copied("absent", "qrels/test.tsv", "1\tcat\t1\n2\tdog\t1\n")
	copied("twice", "corpus.jsonl", `{"_id":"cat","text":"a"}`+"\n"+`{"_id":"cat","text":"b"}`+"\n")
	expect.NoError(t, os.WriteFile("nan.csv", []byte("a,b,1\nc,d,NaN\ne,f,3\n"), 0o600))
	bad := map[string]string{
		"empty": "corpus.jsonl: the file is empty", "absent": `test.tsv:2: there is no document "dog"`,
		"twice": `corpus.jsonl:2: the id "cat" is not unique`, "nan.csv": "nan.csv:2: the score is NaN",
	}
	args := []string{"-resamples", "200", "-no-speed", "-markdown", "r.md", "-json", "r.json"}
	for name := range bad {
		args = append(args, "-task", name)
	}
	out, errs, err := compared(t, t.Context(), append(args, "-task", "set", "static:base")...)
	if _, wrong := err.(usageError); err == nil || wrong || !strings.Contains(err.Error(), "4 of 5 tasks could not be read: ") {
		t.Errorf("error %v\n%s", err, errs)
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
				t.Errorf("%s does not say %q of %s", name, want, task)
			}
		}
		if name != "stderr" && !strings.Contains(text, "BM25 + static:base") {
			t.Errorf("%s has no figures of the set that is right", name)
		}
	}
	// Where no set is right there is a report too, and nothing is asked.
	out, _, err = compared(t, t.Context(), "-resamples", "200", "-task", "empty", "static:base")
	if page, readErr := os.ReadFile("vecspace-compare.html"); err == nil || readErr != nil || !bytes.Contains(page, []byte("the file is empty")) || !strings.Contains(out, "empty could not be read") {
		t.Errorf("error %v, %v\n%s", err, readErr, out)
	}
}

func TestCompareInterrupted(t *testing.T) {
	sets(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := compared(t, ctx, append(small, "static:base")...)
	if err == nil || !strings.Contains(err.Error(), "run the same command again") {
		t.Errorf("error %v", err)
	}
	if page, err := os.ReadFile("vecspace-compare.html"); err != nil || !bytes.Contains(page, []byte("was interrupted")) {
		t.Errorf("the report does not say so (%v)", err)
	}
}

func TestCompareDryRun(t *testing.T) {
	sets(t)
	t.Setenv("DASHSCOPE_API_KEY", "sk-made-up")
	_, errs, err := compared(t, t.Context(), append(small, "-dry-run", "-budget", "0.000001", "dashscope:text-embedding-v4?region=intl")...)
	if err != nil || !strings.Contains(errs, "USD a million tokens as of") || !strings.Contains(errs, "it may stop half way") || strings.Contains(errs, "made-up") {
		t.Errorf("%v\n%s", err, errs)
	}
	if _, err := os.Stat("vecspace-compare.html"); err == nil {
		t.Error("a dry run wrote a report")
	}
}

func TestCompareUsage(t *testing.T) {
	sets(t)
	expect.NoError(t, os.WriteFile("bad.yaml", []byte("- static:base\n  x: 1\n"), 0o600))
	for want, args := range map[string][]string{
		"at least one candidate":  {},
		"-k is 0":                 {"-k", "0", "static:base"},
		"-seed":                   {"-seed", "0", "static:base"},
		"-resamples is 5":         {"-resamples", "5", "static:base"},
		"-sample":                 {"-sample", "-1", "static:base"},
		"-largest is -1":          {"-largest", "-1", "static:base"},
		"-rate":                   {"-rate", "0", "static:base"},
		"no such":                 {"-task", "absent", "static:base"},
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
			t.Errorf("%v: error %v, want a usage error with %q", args, err, want)
		}
	}
}

func TestCommandLine(t *testing.T) {
	if got := commandLine([]string{"-k", "5", "a b", "it's", "", "static:base"}); got != `vecspace compare -k 5 'a b' 'it'\''s' '' static:base` {
		t.Errorf("%s", got)
	}
}

func TestProgressLines(t *testing.T) {
	var b bytes.Buffer
	now := time.Unix(0, 0)
	p := newProgress(&b)
	p.now = func() time.Time { return now }
	for done := 0; done <= 100; done += 10 {
		p.hear(benchmarks.Progress{Candidate: "c", Step: "set", Done: done, Total: 100})
		now = now.Add(4 * time.Second)
	}
	p.hear(benchmarks.Progress{Candidate: "c", Step: "other", Done: 5, Total: 9, Recorded: 5})
	p.end()
	want := "c, set: 0 of 100\nc, set: 30 of 100, 2.5/s, 28s left\nc, set: 60 of 100, 2.5/s, 16s left\nc, set: 90 of 100, 2.5/s, 4s left\nc, set: 100 of 100\nc, other: 5 of 9 (5 recorded before)\n"
	if b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

func TestProgressOnTerminal(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b)
	p.terminal, p.width = true, func() int { return 60 }
	now := time.Unix(0, 0)
	p.now = func() time.Time { return now }
	p.hear(benchmarks.Progress{Candidate: "candidate", Step: "set", Total: 4})
	now = now.Add(time.Second)
	p.hear(benchmarks.Progress{Candidate: "candidate", Step: "set", Done: 1, Total: 4})
	p.hear(benchmarks.Progress{Candidate: "candidate", Step: "set", Done: 4, Total: 4})
	p.hear(benchmarks.Progress{Candidate: strings.Repeat("c", 50), Step: "x", Total: 1})
	p.end()
	want := "\r[--------------------] 0 of 4  candidate, set" +
		"\r[#####---------------] 1 of 4, 1.0/s, 3s left  candidate, …" + // a line never wraps
		"\r[####################] 4 of 4  candidate, set" + strings.Repeat(" ", 14) + "\n" +
		"\r[--------------------] 0 of 1  " + strings.Repeat("c", 27) + "…\n"
	if b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

// What is shown before the start never adds up two currencies.
func TestShowEstimate(t *testing.T) {
	var b bytes.Buffer
	price := func(c string) embedding.Price { return embedding.Price{PerMillion: 1, Currency: c, AsOf: "2026-10-01"} }
	showEstimate(&b, benchmarks.Estimate{
		Candidates: []benchmarks.CandidateEstimate{{Name: "a", Texts: 3, Tokens: 9, Price: price("USD"), Sum: 1}, {Name: "b", Price: price("CNY"), Sum: 2}, {Name: "c"}},
		Sums:       map[string]float64{"USD": 1, "CNY": 2},
	}, benchmarks.Options{Budgets: map[string]float64{"USD": .5}})
	for _, want := range []string{"about 1.0000 USD in all; the budget is 0.5000 USD, so it may stop half way", "about 2.0000 CNY in all\n", "c: 0 texts to send, 0 recorded; about 0 tokens, price unknown"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
}
