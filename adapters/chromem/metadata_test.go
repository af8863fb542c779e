package chromem_test

import (
	"context"
	"errors"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"
	"pgregory.net/rapid"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/bm25"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func TestMetadataKeepsItsTypes(t *testing.T) {
	metadata := map[string]any{
		"string": "s", "empty": "", "nul": "\x00", "int": 42, "negative": -1, "int8": int8(-8), "int64": int64(math.MaxInt64), "uint": uint(7),
		"uint64": uint64(math.MaxUint64), "float32": float32(1.5), "float64": 2.5, "whole": 3.0, "huge": 1e300, "small": 5e-324, "infinite": math.Inf(1),
		"true": true, "false": false, "nil": nil, "time": time.Date(2026, 2, 3, 4, 5, 6, 7, time.UTC),
		"list": []any{1, "two", 3.0, nil, []any{true}}, "strings": []string{"a", "b"}, "none": []string{},
		"map": map[string]any{"a": 1, "b": map[string]any{"c": 2.0}, "": []string{"x"}},
	}
	o := chromem.Options{Dir: t.TempDir()}
	add(t, open(t, embedtest.NewFake(embedtest.FakeOptions{}), o), doc("a", metadata))
	for _, o.Words = range []float64{0, bm25.Weight} {
		keepsTypes(t, o, metadata)
	}
}

// keepsTypes checks the metadata of the one document of a folder, and filters by it.
func keepsTypes(t *testing.T, o chromem.Options, metadata map[string]any) {
	t.Helper()
	s := open(t, embedtest.NewFake(embedtest.FakeOptions{}), o)
	got, err := s.SimilaritySearch(t.Context(), "a", 1)
	if err != nil || len(got) != 1 {
		t.Fatalf("search: got %v and the error %v, want one document and none", got, err)
	}
	for key, want := range metadata {
		expect.Equal(t, key, got[0].Metadata[key], want)
		found, err := s.SimilaritySearch(t.Context(), "a", 1, vectorstores.WithFilters(map[string]any{key: want}))
		if err != nil || len(found) != 1 {
			t.Errorf("a filter by %s finds %d documents, %v", key, len(found), err)
		}
	}
	expect.Equal(t, "keys that came back", len(got[0].Metadata), len(metadata))
	for key, equal := range map[string]any{"int": 42.0, "int8": -8, "whole": int8(3), "float32": 1.5, "float64": float32(2.5),
		"list": []any{1.0, "two", 3, nil, []any{true}}, "strings": []any{"a", "b"}} {
		if found, err := s.SimilaritySearch(t.Context(), "a", 1, vectorstores.WithFilters(map[string]any{key: equal})); err != nil || len(found) != 1 {
			t.Errorf("a filter by %s = %#v finds %d documents, %v", key, equal, len(found), err)
		}
	}
	for key, other := range map[string]any{"int": 43, "int8": "-8", "true": "true", "missing": "", "nil": "", "empty": nil, "gone": nil, "list": []any{1}, "strings": "a"} {
		if found, err := s.SimilaritySearch(t.Context(), "a", 1, vectorstores.WithFilters(map[string]any{key: other})); err != nil || len(found) != 0 {
			t.Errorf("a filter by %s = %#v finds %d documents, %v", key, other, len(found), err)
		}
	}
}

func TestMetadataThatCannotBeKept(t *testing.T) {
	s := open(t, embedtest.NewFake(embedtest.FakeOptions{}), chromem.Options{})
	for want, value := range map[string]any{
		"is a []int":                     []int{1},
		"item 1: the value is a chan":    []any{1, make(chan int)},
		`key "b": the value is a struct`: map[string]any{"b": struct{}{}},
		"item 0: the string is not":      []string{"\xff"},
		`key "\xff": the string is not`:  map[string]any{"\xff": 1},
		"is a map[string]string":         map[string]string{},
	} {
		_, err := s.AddDocuments(t.Context(), []schema.Document{doc("a", map[string]any{"x": value})})
		expect.Says(t, "the error", err, want, `"x"`)
	}
	add(t, s, doc("a", map[string]any{"x": "\xff"})) // bytes are kept where they stand alone
	if got, err := s.SimilaritySearch(t.Context(), "a", 1); err != nil || got[0].Metadata["x"] != "\xff" {
		t.Errorf("got %v, %v, want the byte 0xff", got, err)
	}
}

// TestOneBadDocument: a document that cannot be kept costs nothing and keeps no other one out.
func TestOneBadDocument(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	for name, o := range map[string]chromem.Options{"its own IDs": {}, "the caller's IDs": {ID: byName}} {
		s := open(t, f, o)
		docs := []schema.Document{
			doc("bad "+name, map[string]any{"name": "b", "x": make(chan int)}),
			doc("good "+name, map[string]any{"name": "g"}),
			doc("bad, too "+name, map[string]any{"name": "b", "x": []int{1}}),
			doc("skipped "+name, map[string]any{"name": "s"}),
			doc("last "+name, map[string]any{"name": "l"}),
		}
		skip := vectorstores.WithDeduplicater(func(_ context.Context, d schema.Document) bool { return d.Metadata["name"] == "s" })
		refused := s.Refused(t.Context(), docs)
		ids, err := s.AddDocuments(t.Context(), docs, skip)
		p, ok := errors.AsType[*embedding.PartialError](err)
		if !ok || len(p.Failed) != 2 || p.Failed[0].Index != 0 || p.Failed[1].Index != 2 || embedding.KindOf(p.Failed[1].Err) != embedding.Rejected {
			t.Fatalf("%s: got the error %v, want documents 0 and 2 rejected", name, err)
		}
		if len(refused) != 2 || refused[0].Index != 0 || refused[1].Err.Error() != p.Failed[1].Err.Error() {
			t.Errorf("%s: got %v refused, want what the add refuses: %v", name, refused, p.Failed)
		}
		if len(ids) != 4 || ids[0] != "" || ids[1] == "" || ids[2] != "" || ids[3] == "" {
			t.Errorf("%s: got the IDs %q, want those of the second and the last", name, ids)
		}
		if p.Response.Vectors[1] == nil || p.Response.Vectors[4] == nil {
			t.Errorf("%s: got no vectors of the stored documents in the error", name)
		}
		expect.Equal(t, name+": documents", s.Count(), 2)
		expect.Equal(t, name+": bad texts billed", f.Billed(docs[0].PageContent)+f.Billed(docs[2].PageContent), 0)
	}
}

// TestAnyMetadataRoundTrips: stored metadata comes back unchanged, a filter finds it, and it has
// its own ID.
func TestAnyMetadataRoundTrips(t *testing.T) {
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		kinds := []*rapid.Generator[any]{
			rapid.Just[any](nil), rapid.String().AsAny(), rapid.Bool().AsAny(), rapid.Int().AsAny(), rapid.Int8().AsAny(), rapid.Int64().AsAny(),
			rapid.Uint64().AsAny(), rapid.Uint16().AsAny(), rapid.Float64().AsAny(), rapid.Float32().AsAny(), rapid.SliceOf(rapid.String()).AsAny(),
			rapid.Custom(func(t *rapid.T) any { return float64(rapid.Int32().Draw(t, "whole")) }),
			rapid.Custom(func(t *rapid.T) any { return time.Unix(rapid.Int64Range(0, 1<<35).Draw(t, "seconds"), 0).UTC() }),
		}
		if depth > 0 {
			kinds = append(kinds, rapid.SliceOfN(value(depth-1), 0, 3).AsAny(), rapid.MapOfN(rapid.String(), value(depth-1), 0, 3).AsAny())
		}
		return rapid.OneOf(kinds...)
	}
	key := rapid.String().Filter(func(s string) bool { return !strings.HasPrefix(s, "\x00") })
	rapid.Check(t, func(r *rapid.T) {
		one := rapid.MapOfN(key, value(2), 0, 5).Draw(r, "one")
		two := rapid.MapOfN(key, value(2), 0, 5).Draw(r, "two")
		s, err := chromem.New(embedtest.NewFake(embedtest.FakeOptions{}), chromem.Options{})
		expect.NoError(r, err)
		ids, err := s.AddDocuments(t.Context(), []schema.Document{doc("a", one), doc("a", two)})
		expect.NoError(r, err)
		if same := reflect.DeepEqual(one, two); same != (ids[0] == ids[1]) {
			r.Fatalf("the same metadata: %v, ids %v", same, ids)
		}
		all := maps.Collect(s.All())
		if !reflect.DeepEqual(all[ids[0]].Metadata, one) || !reflect.DeepEqual(all[ids[1]].Metadata, two) {
			r.Fatalf("%#v came back", all)
		}
		found, err := s.SimilaritySearch(t.Context(), "a", 2, vectorstores.WithFilters(one))
		if err != nil || !slices.ContainsFunc(found, func(d schema.Document) bool { return reflect.DeepEqual(d.Metadata, one) }) {
			r.Fatalf("a filter by all its metadata does not find the document: %v", err)
		}
	})
}
