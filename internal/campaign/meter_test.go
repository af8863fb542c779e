package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
)

// TestMeter: the bound counts what may have been billed for nothing, and nothing else.
func TestMeter(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  error
		want int
	}{
		{"success", nil, 0},
		{"a refusal", &embedding.Error{Kind: embedding.RateLimited, Status: 429}, 0},
		{"a 502", &embedding.Error{Kind: embedding.Unavailable, Status: 502}, 0},
		{"nobody there", &embedding.Error{Kind: embedding.Unavailable, Err: fmt.Errorf("dial: %w", syscall.ECONNREFUSED)}, 0},
		{"a reset", &embedding.Error{Kind: embedding.Unavailable, Err: errors.New("reset")}, 7},
		{"half an answer", &embedding.Error{Kind: embedding.Unavailable, Status: 200}, 7},
		{"a useless answer", &embedding.Error{Kind: embedding.Malformed, Status: 200}, 7},
		{"the guard's", &embedding.Error{Kind: embedding.Malformed}, 7},
		{"a timeout", context.DeadlineExceeded, 7},
	} {
		m := new(meter)
		m.attempt(middleware.Event{Texts: 7, Err: tc.err})
		if _, got := m.read(); got != tc.want {
			t.Errorf("%s: a bound of %d, want %d", tc.name, got, tc.want)
		}
	}
	m := new(meter)
	for range 2 {
		m.observe(middleware.Event{Usage: embedding.Usage{Tokens: 21}})
	}
	if got, _ := m.read(); got != 42 {
		t.Errorf("%d tokens, want 42", got)
	}
}
