package main

import (
	"context"

	"github.com/vecspace/embedding/providers/emulator"
)

// scenario is one row of the table: what goes wrong, and what that may do.
type scenario struct {
	name     string
	faults   []string       // of the first emulator: see dashscopetest.ParseFault
	settings map[string]any // of every emulator, for its control path
	long     bool           // the marked texts are too long for the model
	kills    bool           // emulators die, so journals record what was billed
	nothing  bool           // nothing is injected
	leave    bool           // beside each call another one for its texts leaves in the middle
	stack    stack
	expect   expectation

	// The following may be nil.

	// marks returns events in the middle of the job.
	marks func(*trial) []mark
	// injected returns how often it struck. nil: the ledger's faults, the kills, the callers that left
	// and the connections that were forgotten.
	injected func(emulator.Ledger) int
	// after is an extra check before the second run.
	after func(context.Context, *trial) (problem string, err error)
	// control reports whether the row shows the defect that is built in to test the campaign.
	control func(row) bool
}

// struck returns how often the emulator's faults struck.
func struck(l emulator.Ledger) int {
	n := 0
	for _, times := range l.Faults {
		n += times
	}
	return n
}

// status counts the answers with an HTTP status.
func status(code int) func(emulator.Ledger) int {
	return func(l emulator.Ledger) int { return l.Answers[code] }
}
