package store

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

// guardOf returns the guard of a store that langchaingo has, without a server.
func guardOf(name string) *Store {
	s := &Store{model: embedtest.NewFake(embedtest.FakeOptions{}).Model(), name: name, trait: known[langchaingo+name]}
	s.fresh.Store(true)
	return s
}

func TestUnkept(t *testing.T) {
	type word string
	for i, c := range []struct {
		value any
		want  [3]string // pgvector, chroma, redisvector; "" is kept
	}{
		{"text", [3]string{}},
		{word("text"), [3]string{}},
		{7, [3]string{}},
		{0.5, [3]string{}},
		{1e20, [3]string{}},
		{"a\x00b", [3]string{"NUL", "", ""}},
		{word("a\x00b"), [3]string{"NUL", "", ""}},
		{`a\u0000b`, [3]string{}},
		{word(`a\u0000b`), [3]string{}},
		{"a\xffb", [3]string{"UTF-8", "UTF-8", ""}},
		{[]string{"a\xffb"}, [3]string{"UTF-8", "UTF-8", "[]string"}},
		{[]any{1, map[string]any{"a\x00": 1}}, [3]string{"NUL", "[]interface", "[]interface"}},
		{math.NaN(), [3]string{"finite", "finite", "finite"}},
		{float32(math.Inf(1)), [3]string{"finite", "finite", "finite"}},
		{[]float64{math.Inf(-1)}, [3]string{"finite", "finite", "[]float64"}},
		{make(chan int), [3]string{"chan int", "chan int", "chan int"}},
		{func() {}, [3]string{"func()", "func()", "func()"}},
		{map[string]any{"f": func() {}}, [3]string{"no JSON", "no JSON", "map"}},
		{complex(1, 2), [3]string{"complex", "complex", "complex"}},
		{int64(1) << 53, [3]string{}},
		{int64(1)<<53 + 1, [3]string{"2^53", "2^53", ""}},
		{-(int64(1)<<53 + 1), [3]string{"2^53", "2^53", ""}},
		{uint64(math.MaxUint64), [3]string{"2^53", "2^53", ""}},
		{[]int64{1<<53 + 1}, [3]string{"2^53", "[]int64", "[]int64"}},
		{true, [3]string{"", "", "bool"}},
		{nil, [3]string{"", "<nil>", "<nil>"}},
		{[]string{"a"}, [3]string{"", "[]string", "[]string"}},
		{time.Unix(0, 0), [3]string{"", "", "time.Time"}},
	} {
		for k, name := range []string{"pgvector", "chroma", "redisvector"} {
			d := schema.Document{PageContent: "text", Metadata: map[string]any{"the key": c.value}}
			err := guardOf(name).unkept(t.Context(), d, d, vectorstores.Options{})
			if want := c.want[k]; (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "the key")) {
				t.Errorf("%s, value %d (%T): got %v, want %q", name, i, c.value, err, want)
			}
		}
	}
}

func TestReservedKeys(t *testing.T) {
	for name, keys := range map[string][]string{"redisvector": {"content", "content_vector", "distance"}, "chroma": {"chroma:document"}, "pgvector": {"a\x00"}} {
		for _, key := range keys {
			d := schema.Document{Metadata: map[string]any{key: "x"}}
			if err := guardOf(name).unkept(t.Context(), d, d, vectorstores.Options{}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", key)) {
				t.Errorf("%s, key %q: got %v, want a refusal that names it", name, key, err)
			}
		}
	}
	// The index is made of the first document that is kept.
	s := guardOf("redisvector")
	docs := []schema.Document{{Metadata: map[string]any{"n": true}}, {Metadata: map[string]any{"n": 1}}, {Metadata: map[string]any{"n": "word"}}, {Metadata: map[string]any{"n": "2"}}}
	var refused []int
	for _, f := range s.Refused(t.Context(), docs) {
		refused = append(refused, f.Index)
		if !errors.Is(f.Err, embedding.Rejected) {
			t.Errorf("document %d: got %v, want Rejected", f.Index, f.Err)
		}
	}
	expect.Equal(t, "refused documents", refused, []int{0, 2})

	// Its ids and keys are a document's ID: two documents of a call that share one are an error.
	refused = nil
	same := schema.Document{PageContent: "a", Metadata: map[string]any{"ids": "1"}}
	for _, f := range guardOf("redisvector").Refused(t.Context(), []schema.Document{same, same, {PageContent: "b", Metadata: map[string]any{"ids": "1"}},
		{PageContent: "c", Metadata: map[string]any{"keys": "1"}}, {PageContent: "d", Metadata: map[string]any{"keys": "2", "ids": "3"}}, {PageContent: "e", Metadata: map[string]any{"keys": "2"}}}) {
		refused = append(refused, f.Index)
	}
	expect.Equal(t, "documents that would replace another", refused, []int{2, 3})
}

// TestConditions: nothing that a caller says is in the SQL but as hexadecimal digits.
func TestConditions(t *testing.T) {
	for _, evil := range []string{"'", `\`, "x') OR TRUE --", "$1", "%s", "$$", "图"} {
		got, err := equalities(map[string]any{evil: evil})
		expect.NoError(t, err)
		for key, value := range got {
			if strings.Contains(key+fmt.Sprint(value), evil) && evil != "'" || strings.Count(key, "'")%2 != 0 {
				t.Errorf("%q is in the SQL: %s", evil, key)
			}
		}
		if name := quoted(evil); name == evil || strings.Contains(strings.Trim(name, "' |"), evil) && evil != "'" {
			t.Errorf("%q is in the SQL: %s", evil, name)
		}
	}
	expect.Equal(t, "a plain name", quoted("my notes.v2-a/b"), "my notes.v2-a/b")
	for _, bad := range []any{map[string]any{"k": "\x00"}, map[string]any{"k": math.NaN()}, map[string]any{"k": func() {}}, "a string", 7} {
		if _, err := equalities(bad); err == nil {
			t.Errorf("%#v: got no error", bad)
		}
	}
}

// TestOptionsOfAnAdd: what the stores refuse is refused before anything is embedded: there is no
// embedder here.
func TestOptionsOfAnAdd(t *testing.T) {
	for _, option := range []vectorstores.Option{vectorstores.WithNameSpace("x"), vectorstores.WithFilters(map[string]any{}), vectorstores.WithScoreThreshold(.5)} {
		_, err := guardOf("pgvector").AddDocuments(t.Context(), []schema.Document{{PageContent: "a"}}, option)
		expect.Says(t, "the error", err, "nothing was embedded")
	}
}
