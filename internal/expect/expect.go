// Package expect makes a failing test say what it got and what it wanted.
package expect

import "reflect"

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
