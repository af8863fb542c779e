package embedtest

import (
	"fmt"
	"math"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/floats"
)

// words are texts that every model tells apart.
var words = []string{
	"a recipe for apple pie", "the moon landing of 1969", "how to change a bicycle tire", "quarterly revenue report", "sparrow",
	"chess openings for beginners", "the boiling point of water", "a sad song about rain", "compilers and linkers", "giraffe",
	"tax return deadline", "ocean currents", "medieval castles", "vaccine trial results", "football scores", "volcano",
	"knitting a scarf", "electric guitar strings", "prime numbers", "desert plants", "train timetable", "tea ceremony", "glacier",
}

func count(t tb, s Subject) {
	for _, n := range []int{1, 2, 3, s.size(len(words))} {
		if n > s.size(len(words)) {
			continue
		}
		if got := len(s.embed(t, embedding.TaskDocument, words[:n]...)); got != n {
			t.Errorf("%d vectors for %d texts", got, n)
		}
	}
}

// order is the law that the vector of a text does not depend on the other texts of the request.
func order(t tb, s Subject) {
	n := s.size(len(words))
	together := s.embed(t, embedding.TaskDocument, words[:n]...)
	reversed := make([]string, n)
	for i := range n {
		reversed[i] = words[n-1-i]
	}
	back := s.embed(t, embedding.TaskDocument, reversed...)
	for i := range n {
		alone := s.embed(t, embedding.TaskDocument, words[i])[0]
		if !s.equal(together[i], alone) {
			t.Errorf("text %d of %d has another vector in a batch than alone", i, n)
		}
		if !s.equal(back[n-1-i], alone) {
			t.Errorf("text %d of %d, in reverse order, has another vector in a batch than alone", n-1-i, n)
		}
	}
	for i := range min(n, 5) {
		for j := range i {
			if s.equal(together[i], together[j]) {
				t.Errorf("texts %d and %d have nothing in common but their vector", j, i)
			}
		}
	}
}

func dimensions(t tb, s Subject) {
	rows := s.embed(t, embedding.TaskDocument, words[:s.size(7)]...)
	rows = append(rows, s.embed(t, embedding.TaskQuery, words[0])...)
	want := s.Embedder.Model().Dimensions
	if want == 0 {
		want = len(rows[0])
	}
	for i, v := range rows {
		if len(v) != want || want == 0 {
			t.Errorf("vector %d has %d dimensions, the model's have %d", i, len(v), want)
		}
	}
}

func finite(t tb, s Subject) {
	for i, v := range s.embed(t, embedding.TaskDocument, words...) {
		for k, x := range v {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				t.Errorf("dimension %d of text %d is %v", k, i, x)
				break
			}
		}
	}
}

func normalized(t tb, s Subject) {
	if !s.Embedder.Model().Normalized {
		return // the Model promises nothing
	}
	for i, v := range s.embed(t, embedding.TaskDocument, words...) {
		if l := floats.Norm(v); math.Abs(l-1) > 1e-3 {
			t.Errorf("text %d has a vector of length %.4f, and the model says that it normalizes", i, l)
		}
	}
}

func tasks(t tb, s Subject) {
	document := s.embed(t, embedding.TaskDocument, words[0])[0]
	for task := embedding.TaskDocument; task <= embedding.TaskClustering; task++ {
		v := s.embed(t, task, words[0])[0]
		if s.Embedder.Model().Symmetric && !s.equal(v, document) {
			t.Errorf("the model is Symmetric, and a text has another vector as %v than as document", task)
		}
		if again := s.embed(t, task, words[0])[0]; !s.equal(v, again) {
			t.Errorf("a text has another vector as %v the second time", task)
		}
	}
}

func modelConstant(t tb, s Subject) {
	before := s.Embedder.Model()
	s.embed(t, embedding.TaskDocument, words[:s.size(3)]...)
	s.embed(t, embedding.TaskQuery, words[3])
	if after := s.Embedder.Model(); after != before {
		t.Errorf("Model() was %+v and is %+v after two requests", before, after)
	}
	if before.Provider == "" || before.ID == "" {
		t.Errorf("Model() names no Provider or no ID: %+v", before)
	}
	if before.Dimensions > 0 && before.Space == "" {
		t.Errorf("Model() has Dimensions and no Space: wrap the provider by embedding.Chain, which derives it")
	}
}

func duplicates(t tb, s Subject) {
	n := s.size(6)
	texts := make([]string, n)
	for i := range texts {
		texts[i] = words[i%2]
	}
	rows := s.embed(t, embedding.TaskDocument, texts...)
	for i, v := range rows {
		if !s.equal(v, rows[i%2]) {
			t.Errorf("text %d is the same as text %d and has another vector", i, i%2)
		}
	}
}

func unicodeTexts(t tb, s Subject) {
	texts := []string{
		"Zürich, naïve café", "cafe\u0301", "你好，世界", "こんにちは", "안녕하세요", "مرحبا بالعالم", "שלום", "Привет, мир",
		"🏳️‍🌈 👩‍👩‍👧‍👦", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "\u202eright to left", "\ufeffmark", "a\u0000b", "tab\tand\nline\r\nbreaks", `"quotes" \ and </script>`,
		"\u2028separator", "\ufffd", "e" + "\u0301\u0302\u0303\u0304",
	}
	for i, text := range texts {
		res, err := s.Embedder.Embed(t.Context(), embedding.Request{Texts: []string{text}})
		if embedding.KindOf(err) == embedding.Rejected {
			continue // a service may refuse a control character, but must not break
		}
		if err != nil || len(res.Vectors) != 1 {
			t.Errorf("text %d of the unusual ones (%+q): %d vectors, %v", i, text, len(res.Vectors), err)
			continue
		}
		again := s.embed(t, embedding.TaskDocument, text)
		if !s.equal(res.Vectors[0], again[0]) {
			t.Errorf("text %d of the unusual ones (%+q) has another vector the second time", i, text)
		}
	}
}

// same ends the test unless each row equals the vector of its text embedded alone.
func (s Subject) same(t tb, what string, texts []string, rows [][]float32) {
	t.Helper()
	for i, v := range rows {
		if v == nil {
			continue
		}
		if alone := s.embed(t, embedding.TaskDocument, texts[i])[0]; !s.equal(v, alone) {
			t.Errorf("%s: text %d has another vector than alone", what, i)
		}
	}
}

func numbered(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("%s, number %d", words[i%len(words)], i)
	}
	return texts
}
