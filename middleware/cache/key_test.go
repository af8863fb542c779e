package cache

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"reflect"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// Two texts whose keys share the half that ristretto compares replace each other and are never
// mixed up.
func TestHalfACollisionIsAMiss(t *testing.T) {
	c := open(t, Options{})
	put := func(k key, v float32) {
		c.keep(0, 0, maps.All(map[key][]float32{k: {v}}))
	}
	a, b := key{1, 2}, key{1, 3}
	put(a, 10)
	if c.lookup(a, 1) == nil || c.lookup(b, 1) != nil {
		t.Error("b was answered with a's vector")
	}
	put(b, 20)
	if e := c.lookup(b, 1); e == nil || e.row[0] != 20 || c.lookup(a, 1) != nil {
		t.Error("a was answered with b's vector")
	}
}

func TestKeyHoldsWhatDecidesTheVector(t *testing.T) {
	base := model("s")
	variant, other, symmetric := base, base, base
	variant.Variant = "query: "
	other.Space = "t"
	symmetric.Space, symmetric.Symmetric = "u", true
	unknown := base
	unknown.Space = ""
	unknown.ID = "" // so that no Space follows
	for _, c := range []struct {
		name   string
		a, b   embedding.Model
		tb     embedding.Task
		shared bool
	}{
		{name: "same", a: base, b: base, tb: 0, shared: true},
		{name: "task", a: base, b: base, tb: embedding.TaskQuery, shared: false},
		{name: "variant", a: base, b: variant, tb: 0, shared: false},
		{name: "space", a: base, b: other, tb: 0, shared: false},
		{name: "symmetric", a: symmetric, b: symmetric, tb: embedding.TaskQuery, shared: true},
		{name: "unknown space", a: unknown, b: unknown, tb: 0, shared: false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cache := open(t, Options{})
			a := embedding.Chain(newProvider(c.a), cache.Wrap)
			b := embedding.Chain(newProvider(c.b), cache.Wrap)
			embed(t, a, "text")
			res, err := b.Embed(t.Context(), embedding.Request{Texts: []string{"text"}, Task: c.tb})
			if err != nil || (res.Usage.Reused == 1) != c.shared {
				t.Errorf("%+v %v", res.Usage, err)
			}
			expect.Equal(t, "reused of a chain's own", embed(t, a, "text").Usage.Reused, 1)
		})
	}
}

// TestEveryFieldIsInTheKey fails if Request or Model gets a new field and nobody has decided
// whether it changes a vector.
func TestEveryFieldIsInTheKey(t *testing.T) {
	for _, c := range []struct {
		of        reflect.Type
		key, fine []string // what the key holds; what does not change a vector
	}{
		{reflect.TypeFor[embedding.Request](), []string{"Texts", "Task"}, nil},
		// Space stands for Provider, ID and Dimensions; Symmetric decides whether Task is in the key.
		{
			reflect.TypeFor[embedding.Model](),
			[]string{"Space", "Variant", "Symmetric"},
			[]string{"Provider", "ID", "Origin", "Endpoint", "Dimensions", "Normalized", "Limits", "Price"},
		},
		{reflect.TypeFor[embedding.Response](), []string{"Vectors"}, []string{"Usage", "ID"}},
	} {
		for field := range c.of.Fields() {
			if !slices.Contains(c.key, field.Name) && !slices.Contains(c.fine, field.Name) {
				t.Errorf("%v has a new field %s: put it into the cache's key or entry, or say here that it changes no vector", c.of, field.Name)
			}
		}
		expect.Equal(t, fmt.Sprintf("fields of %v that are listed here", c.of), len(c.key)+len(c.fine), c.of.NumField())
	}
}
