package main

import (
	"context"

	"github.com/vecspace/embedding/providers/emulator"
)

// scenario is one row of the table: what goes wrong, and what that may do.
type scenario struct {
	name     string
	faults   []string       // of the first emulator, as dashscopetest.ParseFault reads them
	settings map[string]any // of every emulator, as its control path reads them
	long     bool           // the marked texts are longer than the model takes
	kills    bool           // emulators die, so the journals are the books
	nothing  bool           // nothing is injected
	stack    stack
	expect   expectation

	// Each of these may be nil.
	marks    func(*trial) []mark                                       // what happens in the middle of the job
	injected func(emulator.Ledger) int                                 // how often it struck; nil: the ledger's faults and the kills
	after    func(context.Context, *trial) (problem string, err error) // a check of its own, before the second run
	control  func(row) bool                                            // for the campaign itself: a defect is built in; reports whether the row shows it
}

// struck is how often the emulator's faults struck.
func struck(l emulator.Ledger) int {
	n := 0
	for _, times := range l.Faults {
		n += times
	}
	return n
}

// status counts the answers of an HTTP status.
func status(code int) func(emulator.Ledger) int {
	return func(l emulator.Ledger) int { return l.Answers[code] }
}
