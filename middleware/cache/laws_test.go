package cache

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
)

func TestLaws(t *testing.T) {
	for _, m := range []embedding.Model{{}, {Symmetric: true}, {Limits: embedding.Limits{Texts: 3}}} {
		t.Run(fmt.Sprintf("symmetric %v, %d texts", m.Symmetric, m.Limits.Texts), func(t *testing.T) {
			embedtest.Test(t, func(t *testing.T) embedtest.Subject {
				f := embedtest.NewFake(embedtest.FakeOptions{Model: m})
				return embedtest.Subject{Embedder: embedding.Chain(f, open(t, Options{}).Wrap), Ledger: f.Ledger}
			})
		})
	}
}

// TestEveryFieldIsInTheKey fails when Request or Model gets a field of which nobody has said whether it changes a vector.
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
			[]string{"Provider", "ID", "Endpoint", "Dimensions", "Normalized", "Limits", "Price"},
		},
		{reflect.TypeFor[embedding.Row](), []string{"Vector"}, nil},
	} {
		for field := range c.of.Fields() {
			if !slices.Contains(c.key, field.Name) && !slices.Contains(c.fine, field.Name) {
				t.Errorf("%v has a new field %s: put it into the cache's key or entry, or say here that it changes no vector", c.of, field.Name)
			}
		}
		if c.of.NumField() != len(c.key)+len(c.fine) {
			t.Errorf("%v has %d fields, %d are listed here", c.of, c.of.NumField(), len(c.key)+len(c.fine))
		}
	}
}
