package main

import (
	"fmt"

	"github.com/vecspace/embedding/providers/emulator"
)

// judge records what is wrong with a trial.
func (t *trial) judge(r *row, l emulator.Ledger, billed bill, tokens int) {
	s := t.scenario
	check := func(wrong bool, format string, args ...any) {
		if wrong {
			r.problem(fmt.Sprintf(format, args...))
		}
	}
	check(r.injected == 0 && !s.nothing, "the fault never struck: the row proves nothing")
	check(r.lost > 0, "%d texts are lost: %v", r.lost, r.why)
	check(r.wrong > 0, "%d texts have a wrong vector, or one that they cannot have", r.wrong)
	check(r.twice > r.bound, "%d texts were billed twice, and only %d were in flight at a fault", r.twice, r.bound)
	check(r.sent != r.missing, "the second run was billed for %d texts, and %d were missing", r.sent, r.missing)
	check(t.limit > 0 && r.peak > uint64(t.limit), "%d bytes of memory, over the limit of %d", r.peak, t.limit)
	texts := len(t.job.texts)
	if s.expect.never {
		texts = t.job.unmarked()
	}
	check(billed.distinct != texts, "%d different texts were billed, and %d have vectors", billed.distinct, texts)
	if !s.kills && r.bound == 0 {
		// If every answer arrived, callers know of every billed token, and the limit held.
		check(tokens != l.Tokens, "%d tokens were billed, and callers were told of %d", l.Tokens, tokens)
		check(l.MaxInFlight > slots, "%d requests at once, %d are allowed", l.MaxInFlight, slots)
	}
	if s.control == nil {
		return
	}
	seen := s.control(*r)
	r.problems, r.control = nil, true
	check(!seen, "the campaign does not see a defect that was built in")
}
