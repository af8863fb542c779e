package main

import (
	"errors"
	"sync"
	"syscall"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
)

// meter counts what the client's stack does.
type meter struct {
	mu       sync.Mutex
	tokens   int // reported to callers
	inFlight int // texts of attempts that were in flight when a fault struck
}

func (m *meter) observe(e middleware.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tokens += e.Usage.Tokens
}

// attempt counts the texts that may have been billed in vain: their attempt broke off, timed out,
// or got an unusable answer of status 200. A refusal is not billed, nor is a connection that was
// not established. The count is the bound for texts billed twice.
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
