package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/static"
)

func results(t *testing.T, out string) (all []result) {
	t.Helper()
	for line := range strings.Lines(out) {
		var r result
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil || (r.Vector == nil) == (r.Error == "") {
			t.Fatalf("%v in %q", err, line)
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
	for _, args := range [][]string{{"static:base?dimensions=64"}, {"static:base", "-dimensions", "64"}, {"-dimensions=64", "static:base"}} {
		code, out, errs := vecspace(t, "parse flags\r\nfind files\n最后一行", append([]string{"embed"}, args...)...)
		if code != 0 || errs != "" {
			t.Fatal(code, errs)
		}
		got := results(t, out)
		if len(got) != 3 {
			t.Fatal(out)
		}
		for i, r := range got {
			if r.Index != i || !slices.Equal(r.Vector, want[i]) {
				t.Errorf("%v: line %d has another vector, or index %d", args, i, r.Index)
			}
		}
	}
	if code, out, errs := vecspace(t, "", "embed", "static:base"); code != 0 || out != "" || errs != "" {
		t.Error("nothing to embed:", code, out, errs)
	}
}

// Lines that cannot be embedded have their errors in their places.
func TestEmbedBadLines(t *testing.T) {
	long := strings.Repeat("x", 1<<20+1)
	longer := strings.Repeat(long, 2)
	code, out, errs := vecspace(t, "good\n\n \t\nbad \xff\n"+long+"\n"+longer+"\n"+long[1:]+"\nlast\n", "embed", "static:base")
	if code != 1 || !strings.Contains(errs, "5 of 8 lines have no vector") {
		t.Error(code, errs)
	}
	got := results(t, out)
	if len(got) != 8 {
		t.Fatal(out)
	}
	for i, want := range []string{"", "is empty", "is blank", "not valid UTF-8", "longer than 1048576 bytes", "longer than", "", ""} {
		if r := got[i]; r.Index != i || (want == "") != (r.Vector != nil) || !strings.Contains(r.Error, want) {
			t.Errorf("line %d: %d %q", i, r.Index, r.Error)
		}
	}
}

func TestEmbedUnreadableInput(t *testing.T) {
	var out, errs strings.Builder
	in := io.MultiReader(strings.NewReader("one\ntwo\n"), iotest.ErrReader(errors.New("the disk is gone")))
	if code := run(t.Context(), []string{"embed", "static:base"}, streams{in, &out, &errs}); code != 1 || !strings.Contains(errs.String(), "reading line 3: the disk is gone") {
		t.Error(code, errs.String())
	}
	if got := results(t, out.String()); len(got) != 2 {
		t.Error("what was read before is lost", len(got))
	}
}

// flaky refuses a text for good reason, one for none, and embeds the others.
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

// Behind a line that failed for no fault of its own, vectors still belong to their lines.
func TestEmbedKeepsIndexes(t *testing.T) {
	var out strings.Builder
	err := embedLines(t.Context(), embedding.Chain(flaky{}), streams{in: strings.NewReader("a\nunlucky\nbad\nb\n"), out: &out})
	if !errors.Is(err, embedding.Unavailable) {
		t.Error(err)
	}
	var seen []int
	for _, r := range results(t, out.String()) {
		if seen = append(seen, r.Index); (r.Index == 2) != (r.Error != "") {
			t.Errorf("%+v", r)
		}
	}
	if !slices.Equal(seen, []int{0, 2, 3}) {
		t.Error(seen)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestEmbedOutputFails(t *testing.T) {
	var errs strings.Builder
	if code := run(t.Context(), []string{"embed", "static:base"}, streams{strings.NewReader("a\n"), full{}, &errs}); code != 1 || !strings.Contains(errs.String(), "the disk is full") {
		t.Error(code, errs.String())
	}
}

// The two commands together, as the greeting says: 25 lines are 3 requests, and each is paid for once.
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
		t.Fatal(code, errs)
	}
	if got := results(t, out); len(got) != 25 || len(got[24].Vector) != 64 {
		t.Error(len(got))
	}
	if l := e.ledger(t); l.Requests != 3 || l.Texts != 25 || l.Twice != 0 {
		t.Errorf("%+v", l)
	}
	t.Setenv("DASHSCOPE_API_KEY", "sk-wrong")
	if code, _, errs := vecspace(t, "a", "embed", "dashscope:text-embedding-v4"); code != 1 || !strings.Contains(errs, "DASHSCOPE_API_KEY") || strings.Contains(errs, "sk-wrong") {
		t.Error(code, errs)
	}
}
