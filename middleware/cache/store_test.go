package cache

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// TestStoreKeyHoldsWhatTheMemoryKeyHolds changes each field of a Model and looks whether the key
// in a Store changes with it.
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
		expect.Equal(t, field.Name+": the key changes", of(m, 0, "text") != want, changes)
	}
	shifted := embedding.Model{Space: "sv"}
	symmetric := embedding.Model{Space: "s", Symmetric: true}
	if of(base, 1, "text") == want || of(base, 0, "text2") == want || of(shifted, 0, "text") == want {
		t.Error("task, text or the border between two parts is not in the key")
	}
	expect.Equal(t, "the key of a symmetric model's other task", of(symmetric, 1, "text"), of(symmetric, 0, "text"))
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
		t.Fatalf("got %v and %v, want %v", got, err, vector)
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
