package command

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/rows"
	"github.com/vecspace/embedding/internal/whole"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/ref"
	"github.com/vecspace/embedding/providers/static"
)

// result is a line of the output.
type result struct {
	Index  int       `json:"index"`
	ID     string    `json:"id"`
	Vector []float32 `json:"vector"`
	Error  string    `json:"error"`
}

func results(t *testing.T, out string) (all []result) {
	t.Helper()
	for line := range strings.Lines(out) {
		var r result
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil || (r.Vector == nil) == (r.Error == "") {
			t.Fatalf("got %q (error %v), want a line with a vector or an error", line, err)
		}
		all = append(all, r)
	}
	return all
}

func TestEmbed(t *testing.T) {
	e, err := static.New(static.Options{Dimensions: 64})
	expect.NoError(t, err)
	want, err := embedding.Documents(t.Context(), e, []string{"parse flags", "find files", "最后一行"})
	expect.NoError(t, err)
	for _, args := range [][]string{{"static:base?dimensions=64"}, {"static:base", "-dimensions", "64"}, {"-dimensions=64", "static:base"}, {"-config", "testdata/two.yaml", "-name", "small"}} {
		code, out, errs := vecspace(t, "parse flags\r\nfind files\n最后一行", append([]string{"embed"}, args...)...)
		if code != 0 || errs != "" {
			t.Fatalf("%v: got the exit code %d, want 0\n%s", args, code, errs)
		}
		got := results(t, out)
		if len(got) != 3 {
			t.Fatalf("%v: got %d lines, want 3\n%s", args, len(got), out)
		}
		for i, r := range got {
			if r.Index != i || !slices.Equal(r.Vector, want[i]) {
				t.Errorf("%v: got the index %d and its vector, want line %d and its own", args, r.Index, i)
			}
		}
	}
	if code, out, errs := vecspace(t, "", "embed", "static:base"); code != 0 || out != "" || errs != "" {
		t.Errorf("nothing to embed: got the exit code %d, %q and %q, want 0 and nothing", code, out, errs)
	}
}

// A part that cannot be closed is a warning: every vector has been written.
func TestEmbedWarnsOfClosing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "embedders.yaml")
	expect.NoError(t, os.WriteFile(file, []byte("telemetry: {otel: away}\nembedders: {a: {reference: static:base}}\n"), 0o600))
	parts := Parts{Parts: config.Parts{Telemetry: map[string]func(string) (config.Telemetry, func() error, error){"otel": func(string) (config.Telemetry, func() error, error) {
		return config.Telemetry{}, func() error { return errors.New("the receiver is away") }, nil
	}}}}
	var out, errs strings.Builder
	code := parts.run(t.Context(), []string{"embed", "-config", file}, streams{strings.NewReader("a\n"), &out, &errs})
	expect.Equal(t, "exit code", code, 0)
	expect.Equal(t, "vectors", len(results(t, out.String())), 1)
	expect.Equal(t, "standard error", errs.String(), "vecspace embed: warning: the receiver is away\n")
}

// References can name a build's own providers.
func TestEmbedByTheBuildsProviders(t *testing.T) {
	parts := Parts{Parts: config.Parts{Providers: providers.Table{"flaky": func(ref.Ref) (embedding.Embedder, error) { return flaky{}, nil }}}}
	for reference, want := range map[string]int{"flaky:one": 0, "static:base": 2} {
		var out, errs strings.Builder
		if code := parts.run(t.Context(), []string{"embed", reference}, streams{strings.NewReader("a\n"), &out, &errs}); code != want {
			t.Errorf("%s: got the exit code %d, want %d\n%s", reference, code, want, errs.String())
		}
	}
}

// Lines that cannot be embedded have their errors in their places.
func TestEmbedBadLines(t *testing.T) {
	long := strings.Repeat("x", 1<<20+1)
	longer := strings.Repeat(long, 2)
	code, out, errs := vecspace(t, "good\n\n \t\nbad \xff\n"+long+"\n"+longer+"\n"+long[1:]+"\nlast\n", "embed", "static:base")
	ended(t, code, 1, errs, "5 of 8 lines have no vector")
	got := results(t, out)
	if len(got) != 8 {
		t.Fatalf("got %d lines, want 8\n%s", len(got), out)
	}
	for i, want := range []string{"", "is empty", "is blank", "not valid UTF-8", "longer than 1048576 bytes", "longer than", "", ""} {
		if r := got[i]; r.Index != i || (want == "") != (r.Vector != nil) || !strings.Contains(r.Error, want) {
			t.Errorf("line %d: got the index %d and the error %q, want %q", i, r.Index, r.Error, want)
		}
	}
}

// A byte order mark is no text, UTF-16 is decoded by it, and what holds NULs is refused.
func TestEmbedEncodings(t *testing.T) {
	_, want, _ := vecspace(t, "first\nsecond\n", "embed", "static:base")
	for name, in := range map[string]string{
		"marks":          "\ufefffirst\n\ufeffsecond\n",
		"UTF-16, little": "\xff\xfef\x00i\x00r\x00s\x00t\x00\r\x00\n\x00s\x00e\x00c\x00o\x00n\x00d\x00",
		"UTF-16, big":    "\xfe\xff\x00f\x00i\x00r\x00s\x00t\x00\n\x00s\x00e\x00c\x00o\x00n\x00d",
	} {
		if code, out, errs := vecspace(t, in, "embed", "static:base"); code != 0 || out != want {
			t.Errorf("%s: got the exit code %d and %d bytes, want 0 and the vectors of the same lines in UTF-8\n%s", name, code, len(out), errs)
		}
	}
	code, out, errs := vecspace(t, "f\x00i\x00r\x00\n\x00s\x00e\x00\n\ufeff\nc\xe9\ngood\n", "embed", "static:base")
	ended(t, code, 1, errs, "4 of 5 lines have no vector")
	for i, r := range results(t, out) {
		if want := []string{"holds a NUL character", "holds a NUL character", "is empty", "not valid UTF-8", ""}[i]; !strings.Contains(r.Error, want) || (want == "") != (r.Error == "") {
			t.Errorf("line %d: got the error %q, want %q", i, r.Error, want)
		}
	}
}

func TestEmbedUnreadableInput(t *testing.T) {
	var out, errs strings.Builder
	in := io.MultiReader(strings.NewReader("one\ntwo\n"), iotest.ErrReader(errors.New("the disk is gone")))
	code := Parts{}.run(t.Context(), []string{"embed", "static:base"}, streams{in, &out, &errs})
	ended(t, code, 1, errs.String(), "reading line 3: the disk is gone")
	expect.Equal(t, "lines from before the failure", len(results(t, out.String())), 2)
}

// flaky rejects one text, fails at another, and embeds the others.
type flaky struct{}

func (flaky) Model() embedding.Model {
	return embedding.Model{Provider: "flaky", ID: "one", Dimensions: 1, Limits: embedding.Limits{Texts: 1 << 10}}
}

func (flaky) Embed(_ context.Context, req embedding.Request) (embedding.Response, error) {
	m := embedding.NewMerger(len(req.Texts))
	for i, text := range req.Texts {
		res, err := embedding.Response{Vectors: [][]float32{{1}}, Usage: embedding.Usage{Requests: 1}}, error(nil)
		switch text {
		case "bad":
			err = &embedding.Error{Kind: embedding.Rejected, Err: errors.New("bad")}
		case "unlucky":
			err = &embedding.Error{Kind: embedding.Unavailable, Err: errors.New("down")}
		}
		m.Add([]int{i}, res, err)
	}
	return m.Result()
}

// After a line that failed by chance, vectors still belong to their lines.
func TestEmbedKeepsIndexes(t *testing.T) {
	var out, errs strings.Builder
	j := &embedJob{e: embedding.Chain(flaky{}), account: &account{stop: t.Context()}, out: &output{to: rows.NewJSONL(&out, false), inline: true},
		std: streams{in: strings.NewReader("a\nunlucky\nbad\nb\n"), err: &errs}, bar: newProgress(&errs)}
	err := j.run(t.Context())
	if !errors.Is(err, embedding.Unavailable) || !strings.Contains(err.Error(), "3 results are written, and the first that is missing is line 2 (index 1)") {
		t.Errorf("got the error %v, want Unavailable and the first line that is missing", err)
	}
	var seen []int
	for _, r := range results(t, out.String()) {
		if seen = append(seen, r.Index); (r.Index == 2) != (r.Error != "") {
			t.Errorf("got %+v, want an error of line 2 alone", r)
		}
	}
	expect.Equal(t, "indexes", seen, []int{0, 2, 3})
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestEmbedOutputFails(t *testing.T) {
	var errs strings.Builder
	code := Parts{}.run(t.Context(), []string{"embed", "static:base"}, streams{strings.NewReader("a\n"), full{}, &errs})
	ended(t, code, 1, errs.String(), "the disk is full")
	many := strings.Repeat("word\n", 3000) // more than is buffered
	errs.Reset()
	code = Parts{}.run(t.Context(), []string{"embed", "static:base"}, streams{strings.NewReader(many), full{}, &errs})
	ended(t, code, 1, errs.String(), "the disk is full; results that were not written before are lost")
	if n := strings.Count(errs.String(), "full"); n != 1 || strings.Contains(errs.String(), "results are written") {
		t.Errorf("got %q, want the reason once and nothing said to be written", errs.String())
	}
	if _, err := os.Stat("/dev/full"); err == nil {
		code, _, errs := vecspace(t, many, "embed", "static:base", "-o", "/dev/full")
		ended(t, code, 1, errs, "/dev/full", "are lost")
	}
}

// What reached the disk before it was full stays.
func TestEmbedOnAFullDisk(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.jsonl")
	file, err := whole.Create(name)
	expect.NoError(t, err)
	_, err = file.Write([]byte("written\n"))
	expect.NoError(t, err)
	o := &output{name: name, file: file, to: rows.NewJSONL(full{}, false)}
	expect.NoError(t, o.to.Write(rows.Result{Err: "buffered"}))
	expect.Says(t, "the error", o.end(".part"), "the disk is full")
	expect.Equal(t, "what is kept", content(t, name+".part"), "written\n")
}

// embed works at emulate as the greeting says: 25 lines are 3 requests, and each is paid for once.
func TestEmbedAtTheEmulator(t *testing.T) {
	e := start(t, "-key", "sk-made-up=intl")
	t.Setenv("DASHSCOPE_API_KEY", "sk-made-up")
	t.Setenv("DASHSCOPE_COMPATIBLE_BASE_URL", e.base+dashscopetest.BasePath)
	var in strings.Builder
	for i := range 25 {
		in.WriteString(strings.Repeat("word ", i+1) + "\n")
	}
	code, out, errs := vecspace(t, in.String(), "embed", "dashscope:text-embedding-v4", "-dimensions", "64")
	if code != 0 || errs != "" {
		t.Fatalf("got the exit code %d, want 0\n%s", code, errs)
	}
	if got := results(t, out); len(got) != 25 || len(got[24].Vector) != 64 {
		t.Errorf("got %d lines, want 25 with 64 dimensions", len(got))
	}
	if l := e.ledger(t); l.Requests != 3 || l.Texts != 25 || l.Twice != 0 {
		t.Errorf("got the ledger %+v, want 25 texts once, in 3 requests", l)
	}
	t.Setenv("DASHSCOPE_API_KEY", "sk-wrong")
	if code, _, errs := vecspace(t, "a", "embed", "dashscope:text-embedding-v4"); code != 1 || !strings.Contains(errs, "DASHSCOPE_API_KEY") || strings.Contains(errs, "sk-wrong") {
		t.Errorf("got the exit code %d, want 1 with the variable and without the key\n%s", code, errs)
	}
}

// The first line says that a model's card asks for prefixes that are not set.
func TestEmbedSaysThatPrefixesAreMissing(t *testing.T) {
	server := startService(t, "vllm", "-model", "intfloat/multilingual-e5-small")
	defer server.stop()
	reference := "vllm:intfloat/multilingual-e5-small?base_url=" + server.base + "/v1"
	file := func(fields string) string {
		return put(t, "e.yaml", "embedders: {a: {reference: '"+reference+fields+"}, b: {reference: static:base}}")
	}
	const want = "vecspace embed: the card of intfloat/multilingual-e5-small asks for prefixes of queries and documents, and none are set: " +
		"add prefix=e5 to the reference, or prefix=none if that is meant\n"
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{name: "none", args: []string{reference}, want: want},
		{name: "none in a file", args: []string{"-config", file("'"), "-name", "a"}, want: want},
		{name: "by name", args: []string{reference + "&prefix=auto"}},
		{name: "the user's own", args: []string{reference + "&query_prefix=q:%20"}},
		{name: "none is meant", args: []string{reference + "&prefix=none"}},
		{name: "none is meant in a file", args: []string{"-config", file("&prefix=none'"), "-name", "a"}},
		{name: "the file's own", args: []string{"-config", file("', query_prefix: 'query: '"), "-name", "a"}},
		{name: "another of the file", args: []string{"-config", file("'"), "-name", "b"}},
	} {
		code, _, errs := vecspace(t, "hi", append([]string{"embed"}, c.args...)...)
		if code != 0 || errs != c.want {
			t.Errorf("%s: got the exit code %d and on stderr %q, want 0 and %q", c.name, code, errs, c.want)
		}
	}
}
