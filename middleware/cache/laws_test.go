package cache

import (
	"bytes"
	"errors"
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

// TestStoreKeyHoldsWhatTheMemoryKeyHolds changes each field of a Model and looks whether the key in a Store changes with it.
func TestStoreKeyHoldsWhatTheMemoryKeyHolds(t *testing.T) {
	base := embedding.Model{Space: "s", Variant: "v"}
	of := func(m embedding.Model, task embedding.Task, text string) Key {
		k := newStoreKeys(m, task)
		return k.of(text)
	}
	want := of(base, 0, "text")
	for field := range reflect.TypeFor[embedding.Model]().Fields() {
		m := base
		switch f := reflect.ValueOf(&m).Elem().FieldByIndex(field.Index); f.Kind() {
		case reflect.String:
			f.SetString("other")
		case reflect.Int:
			f.SetInt(7)
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Struct:
			continue // Limits and Price change no vector
		default:
			t.Fatalf("%s: a kind that this test does not know", field.Name)
		}
		changes := slices.Contains([]string{"Space", "Variant", "Symmetric"}, field.Name)
		if (of(m, 0, "text") != want) != changes {
			t.Errorf("%s: the key changes: %v", field.Name, !changes)
		}
	}
	shifted := embedding.Model{Space: "sv"}
	symmetric := embedding.Model{Space: "s", Symmetric: true}
	if of(base, 1, "text") == want || of(base, 0, "text2") == want || of(shifted, 0, "text") == want {
		t.Error("task, text or the border between two parts is not in the key")
	}
	if of(symmetric, 0, "text") != of(symmetric, 1, "text") {
		t.Error("a symmetric model's task is in the key")
	}
	// What other processes and later versions have to find, computed by another implementation.
	const golden = "043a718774c572bdbe0cffb152c79dfd397cb343b70943bf669240ff368576db297a36a94a475338"
	if got := want.String(); got != golden {
		t.Errorf("the key is %s: what older versions have stored is lost; if that is meant, say so in CHANGELOG", got)
	}
}

func TestValues(t *testing.T) {
	k, other := Key{1}, Key{2}
	vector := []float32{1, -2.5, 1e-38}
	value := AppendValue([]byte("before"), k, vector)[len("before"):]
	if got, err := ParseValue(k, value); err != nil || !slices.Equal(got, vector) {
		t.Fatal(got, err)
	}
	if _, err := ParseValue(other, value); !errors.Is(err, ErrValue) {
		t.Error("a value passes for another key's:", err)
	}
	for i := range value {
		for bit := range 8 {
			bad := slices.Clone(value)
			bad[i] ^= 1 << bit
			if _, err := ParseValue(k, bad); !errors.Is(err, ErrValue) {
				t.Errorf("byte %d, bit %d: %v", i, bit, err)
			}
		}
	}
	for n := range value {
		if _, err := ParseValue(k, value[:n]); !errors.Is(err, ErrValue) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func FuzzParseValue(f *testing.F) {
	f.Add(AppendValue(nil, Key{}, []float32{1, 2}))
	f.Add([]byte(valueMagic))
	f.Fuzz(func(t *testing.T, value []byte) {
		vector, err := ParseValue(Key{}, value)
		if err == nil && !bytes.Equal(AppendValue(nil, Key{}, vector), value) {
			t.Errorf("%x is read as %v", value, vector)
		}
	})
}
