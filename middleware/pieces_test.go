package middleware

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func TestPiecesOfAText(t *testing.T) {
	for _, c := range []struct {
		name            string
		tokens, overlap int
		text            string
		want            []string
	}{
		{
			name: "sentences", tokens: 16,
			text: "The cat sat. On the mat it sat. \"A dog came!\" It ran away from the cat.",
			want: []string{"The cat sat. On the mat it sat.", "\"A dog came!\" It ran away from the", "cat."},
		},
		{
			name: "words", tokens: 6, overlap: 2,
			text: "one two three four five six",
			want: []string{"one two three", "three four five", "five six"},
		},
		{name: "lines", tokens: 8, text: "first\nsecond line\nthird line of four\n", want: []string{"first\nsecond line", "third line of four"}},
		{name: "Chinese", tokens: 30, text: "今天天气很好。我们去公园散步吧。明天再说", want: []string{"今天天气很好。", "我们去公园散步吧。", "明天再说"}},
		{name: "no border", tokens: 4, text: "zqxzqxzqxzqx", want: []string{"zqxz", "qxzq", "xzqx"}},
		{name: "a long gap", tokens: 4, text: "a" + strings.Repeat(" ", 500) + "b", want: []string{"a", "b"}},
		{name: "nothing behind the last piece", tokens: 6, overlap: 2, text: "one two three four \n\n \n", want: []string{"one two three", "three four"}},
		{name: "no room behind an overlap", tokens: 6, overlap: 3, text: "好人🎈", want: []string{"好人", "🎈"}},
		{name: "blank", tokens: 4, text: strings.Repeat(" ", 200), want: []string{strings.Repeat(" ", 200)}},
		{name: "an accent", tokens: 5, text: "zzzzze\u0301z", want: []string{"zzzzz", "e\u0301z"}},
		{name: "a character over the limit", tokens: 1, text: "好人", want: []string{"好", "人"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &pieces{tokens: c.tokens, overlap: c.overlap}
			expect.Equal(t, "pieces", p.cut(nil, c.text), c.want)
		})
	}
}

// anyText draws texts with every kind of border, and with none.
func anyText() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{
			"word ", "Sentence. ", "\n\n", "你好", "世界。", "e\u0301", "👩‍👩‍👧", "zqxjvkwyb", "  ", "\t", "(x!) ", "Привет ", "bad ",
		}), 1, 60).Draw(t, "parts")
		for k := range parts { // a number each, so that a piece is of one place
			parts[k] = fmt.Sprintf("%02d%s", k, parts[k])
		}
		return strings.Join(parts, "")
	})
}

// TestPiecesKeepEverything: whatever the text, its pieces are within the limit, hold all of it in
// order, and repeat no more than the overlap.
func TestPiecesKeepEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &pieces{tokens: rapid.IntRange(30, 60).Draw(t, "tokens")}
		p.overlap = rapid.IntRange(0, p.tokens/2).Draw(t, "overlap")
		text := anyText().Draw(t, "text")
		if strings.TrimSpace(text) == "" || !p.long(text) {
			return
		}
		before, at := 0, 0 // what the pieces so far hold ends at before; at is where a piece begins
		for _, piece := range p.cut(nil, text) {
			if n := embedding.EstimateTokens(piece); n > p.tokens || !utf8.ValidString(piece) {
				t.Fatalf("piece %q has %d tokens, want valid text of at most %d", piece, n, p.tokens)
			}
			found := -1
			for i := max(at, before-len(piece)); i <= before+len(text) && i < len(text); i++ {
				if strings.HasPrefix(text[i:], piece) && i+len(piece) > before {
					found = i
					break
				}
			}
			switch {
			case found < 0:
				t.Fatalf("piece %q is not behind %d of %q", piece, before, text)
			case found < before && embedding.EstimateTokens(text[found:before]) > p.overlap:
				t.Fatalf("piece %q repeats %q, want at most %d tokens", piece, text[found:before], p.overlap)
			case found > before && strings.TrimSpace(text[before:found]) != "":
				t.Fatalf("%q is in no piece of %q", text[before:found], text)
			}
			before, at = found+len(piece), found+1
		}
		if rest := strings.TrimSpace(text[before:]); rest != "" {
			t.Fatalf("%q is in no piece of %q", rest, text)
		}
	})
}

// TestPiecesAgainstAPlainLoop: each text has the mean of its pieces, each asked for alone, or the
// error of the first piece that fails; the usage adds up to the provider's count.
func TestPiecesAgainstAPlainLoop(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		refusal := &embedding.Error{Kind: embedding.Rejected, Status: 400}
		refused := func(text string) error {
			if strings.Contains(text, "bad") {
				return refusal
			}
			return nil
		}
		tokens := rapid.IntRange(30, 50).Draw(rt, "tokens")
		o := PiecesOptions{Overlap: rapid.IntRange(0, tokens/2).Draw(rt, "overlap")}
		f := embedtest.NewFake(embedtest.FakeOptions{
			Model:  embedding.Model{Limits: embedding.Limits{Texts: rapid.IntRange(1, 5).Draw(rt, "texts"), TextTokens: tokens}},
			Script: func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Each: refused} },
		})
		e, err := Pieces(embedding.Chain(f, Batch(BatchOptions{})), o)
		expect.NoError(t, err)
		req := embedding.Request{Texts: rapid.SliceOfN(anyText(), 1, 6).Draw(rt, "request"), Task: embedding.TaskQuery}
		res, err := e.Embed(t.Context(), req)
		got := embedding.Salvage(res, err)
		if u := f.Ledger(); got.Usage != u {
			rt.Fatalf("got the usage %+v, want the provider's %+v", got.Usage, u)
		}
		p := &pieces{tokens: tokens, overlap: o.Overlap}
		for i, text := range req.Texts {
			all := []string{text}
			if p.long(text) {
				all = p.cut(nil, text)
			}
			sum, bad := make([]float64, 8), false
			for _, piece := range all {
				bad = bad || refused(piece) != nil || strings.TrimSpace(piece) == ""
				for d, x := range f.Vector(req.Task, piece) {
					sum[d] += float64(x) * float64(embedding.EstimateTokens(piece))
				}
			}
			if got.Vectors == nil || got.Vectors[i] == nil {
				if why := failureOf(err, i); !bad || embedding.KindOf(why) != embedding.Rejected {
					rt.Fatalf("text %d (%q) failed by %v", i, text, why)
				}
				continue
			}
			if bad {
				rt.Fatalf("text %d (%q) has a vector, although a piece is refused", i, text)
			}
			length := 0.0
			for _, x := range sum {
				length += x * x
			}
			for d, x := range got.Vectors[i] {
				if want := sum[d] / math.Sqrt(length); math.Abs(float64(x)-want) > 1e-6 {
					rt.Fatalf("text %d (%q): dimension %d is %v, want %v", i, text, d, x, want)
				}
			}
		}
	})
}

// failureOf returns the error of text i of a request.
func failureOf(err error, i int) error {
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !ok {
		return err
	}
	for _, f := range p.Failed {
		if f.Index == i {
			return f.Err
		}
	}
	return nil
}

// TestPiecesOfOneText: the first piece that fails is why the text fails, what was paid for the
// others is in the usage, and an error of the whole request is passed on.
func TestPiecesOfOneText(t *testing.T) {
	first := errors.New("first")
	p := &target{fail: func(_ int, text string) error {
		switch {
		case strings.Contains(text, "two"):
			return first
		case strings.Contains(text, "three"):
			return errors.New("second")
		}
		return nil
	}}
	e, err := Pieces(p, PiecesOptions{Tokens: 4})
	expect.NoError(t, err)
	_, err = e.Embed(t.Context(), embedding.Request{Texts: []string{"good one", "one one one two one one three one one", "good"}})
	partial, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || len(partial.Failed) != 1 || partial.Failed[0].Index != 1 || !errors.Is(partial.Failed[0].Err, first) {
		t.Fatalf("got %v, want text 1 to fail by its first piece's error", err)
	}
	if v := partial.Response.Vectors; len(v) != 3 || v[0] == nil || v[1] != nil || v[2] == nil {
		t.Errorf("got the vectors %v, want all but the second", v)
	}
	expect.Equal(t, "requests", partial.Response.Usage.Requests, 1)
	expect.Equal(t, "tokens", partial.Response.Usage.Tokens, len(p.texts)-2)

	p.set(failed(embedding.Unavailable, 0))
	_, err = e.Embed(t.Context(), embedding.Request{Texts: []string{"good one", strings.Repeat("one ", 9)}})
	if partial, ok := errors.AsType[*embedding.PartialError](err); ok || embedding.KindOf(err) != embedding.Unavailable {
		t.Errorf("got %v (%v), want the error of the whole request", err, partial)
	}
}

// answers is an Embedder that answers every request the same way.
type answers struct {
	m    embedding.Model
	rows [][]float32
	used embedding.Usage
}

func (a *answers) Model() embedding.Model { return a.m }
func (a *answers) Embed(context.Context, embedding.Request) (embedding.Response, error) {
	return embedding.Response{Vectors: a.rows, Usage: a.used, ID: "id"}, nil
}

func TestPiecesMean(t *testing.T) {
	text, tokens := "aaa bbb ccc ddd", 9
	parts := (&pieces{tokens: tokens}).cut(nil, text)
	expect.Equal(t, "pieces", len(parts), 2)
	w := []float64{float64(embedding.EstimateTokens(parts[0])), float64(embedding.EstimateTokens(parts[1]))}
	ask := func(m embedding.Model, rows ...[]float32) (embedding.Response, error) {
		m.Provider, m.ID, m.Dimensions = "p", "m", 2
		e, err := Pieces(&answers{m: m, rows: rows, used: embedding.Usage{Requests: 1, Reused: 1}}, PiecesOptions{Tokens: tokens})
		expect.NoError(t, err)
		return e.Embed(t.Context(), embedding.Request{Texts: []string{text}})
	}
	res, err := ask(embedding.Model{}, []float32{3, 0}, []float32{0, 4})
	expect.NoError(t, err)
	expect.Equal(t, "the mean of vectors of any length", res.Vectors,
		[][]float32{{float32(3 * w[0] / (w[0] + w[1])), float32(4 * w[1] / (w[0] + w[1]))}})
	expect.Equal(t, "the id", res.ID, "id")
	expect.Equal(t, "texts that cost nothing, of one that was half paid", res.Usage.Reused, 0)

	res, err = ask(embedding.Model{Normalized: true}, []float32{1, 0}, []float32{0, 1})
	expect.NoError(t, err)
	if v, want := res.Vectors[0], w[0]/math.Hypot(w[0], w[1]); math.Abs(float64(v[0])-want) > 1e-6 {
		t.Errorf("got %v, want a unit vector that begins with %v", v, want)
	}
	text, tokens = "aaa bbb aaa bbb", 6 // twice the same piece
	res, err = ask(embedding.Model{Normalized: true}, []float32{1, 0}, []float32{-1, 0})
	if embedding.KindOf(err) != embedding.Partial || !errors.Is(err, embedding.Malformed) {
		t.Errorf("two pieces that cancel each other: got %v and %v, want Malformed", res.Vectors, err)
	}
}

func TestPiecesModel(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Variant: "query: ", Limits: embedding.Limits{Texts: 7, TextTokens: 64}}})
	for want, o := range map[string]PiecesOptions{
		"query:  pieces=64+0":  {},
		"query:  pieces=64+32": {Overlap: 32},
		"query:  pieces=20+1":  {Tokens: 20, Overlap: 1},
	} {
		e, err := Pieces(f, o)
		expect.NoError(t, err)
		m := f.Model()
		m.Variant, m.Limits.TextTokens = want, 0
		expect.Equal(t, "model", e.Model(), m)
	}
	bare := embedtest.NewFake(embedtest.FakeOptions{})
	e, err := Pieces(bare, PiecesOptions{Tokens: 9})
	expect.NoError(t, err)
	expect.Equal(t, "variant", e.Model().Variant, "pieces=9+0")
	for want, build := range map[string]func() (embedding.Embedder, error){
		"is nil":             func() (embedding.Embedder, error) { return Pieces(nil, PiecesOptions{Tokens: 8}) },
		"set PiecesOptions":  func() (embedding.Embedder, error) { return Pieces(bare, PiecesOptions{}) },
		"it may be up to 32": func() (embedding.Embedder, error) { return Pieces(f, PiecesOptions{Overlap: 33}) },
		"it may be up to 4":  func() (embedding.Embedder, error) { return Pieces(f, PiecesOptions{Tokens: 9, Overlap: 100}) },
		"neither may be":     func() (embedding.Embedder, error) { return Pieces(f, PiecesOptions{Tokens: -1}) },
		"an overlap of -1":   func() (embedding.Embedder, error) { return Pieces(f, PiecesOptions{Overlap: -1}) },
		"overlap of 5 in piece": func() (embedding.Embedder, error) {
			return Stack(StackOptions{Pieces: &PiecesOptions{Tokens: 8, Overlap: 5}}, f)
		},
	} {
		if e, err := build(); err == nil || e != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}
