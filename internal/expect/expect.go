// Package expect makes a failing test say what it got and what it wanted.
package expect

import (
	"reflect"
	"strings"
)

// T is the part of [testing.TB] that this package needs. A rapid.T has it too.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// NoError ends the test if err is not nil.
func NoError(t T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got the error %v, want none", err)
	}
}

// Equal fails the test if got is not deeply equal to want. what names the value.
func Equal[V any](t T, what string, got, want V) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// Says fails the test if err is nil or lacks one of the words. what names the attempt that failed.
func Says(t T, what string, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: got no error, want one with %q in it", what, words)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: got the error %v, want %q in it", what, err, w)
		}
	}
}
