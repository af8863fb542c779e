package main

import (
	"errors"
	"sync"
	"syscall"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
)

// meter hears what the client's stack does.
type meter struct {
	mu       sync.Mutex
	tokens   int // that callers were told of
	inFlight int // texts of attempts that were under way when a fault struck
}

func (m *meter) observe(e middleware.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tokens += e.Usage.Tokens
}

// attempt counts the texts that may have been billed for nothing: those of attempts that broke off, timed out, or brought an
// answer of status 200 that is of no use. A refusal is not billed, and neither is a connection that did not come about.
// Their number is the bound of what may be billed twice.
func (m *meter) attempt(e middleware.Event) {
	if e.Err == nil || errors.Is(e.Err, syscall.ECONNREFUSED) {
		return
	}
	if err, ok := errors.AsType[*embedding.Error](e.Err); ok && err.Status >= 400 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inFlight += e.Texts
}

func (m *meter) read() (tokens, inFlight int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tokens, m.inFlight
}
