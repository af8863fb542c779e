package command

import (
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/emulator"
)

// A script throttles, slows and kills the command over HTTP, and starts it again at its address.
func TestEmulateScripted(t *testing.T) {
	e := start(t)
	control := func(method, path, body string) {
		t.Helper()
		if status, answer := e.send(t, method, emulator.ControlPath+path, "", body); status != 200 {
			t.Fatalf("%s %s: got %d and %q, want 200", method, path, status, answer)
		}
	}
	control("PATCH", "settings", `{"rpm":1}`)
	if a, b := e.ask(t, "sk-test", one), e.ask(t, "sk-test", one); a != 200 || b != 429 {
		t.Errorf("throttled: got %d and %d, want 200 and 429", a, b)
	}
	control("PATCH", "settings", `{"rpm":0}`)
	control("PUT", "faults", `["slow=delay:1ms","kill=at:2"]`)
	expect.Equal(t, "slow", e.ask(t, "sk-test", one), 200)
	expect.Equal(t, "slow faults in the ledger", e.ledger(t).Faults["slow"], 1)
	expect.Equal(t, "killed", e.ask(t, "sk-test", one), 0)
	if code := <-e.ended; code != 1 || !strings.Contains(e.errs.String(), "fault kill took the emulator down") || strings.Contains(e.out.String(), "billed") {
		t.Errorf("got the exit code %d, want 1 by the kill, without a bill\n%s%s", code, e.out, e.errs)
	}
	again := start(t, "-addr", strings.TrimPrefix(e.base, "http://"))
	if status := e.ask(t, "sk-test", one); status != 200 || again.base != e.base {
		t.Errorf("started again: got %d at %s, want 200 at %s", status, again.base, e.base)
	}
}

// Hanging requests end when the emulator stops, and are in the ledger.
func TestEmulateStopsWhatHangs(t *testing.T) {
	e := start(t, "-fault", "hang")
	answered := make(chan int)
	go func() { answered <- e.ask(t, "sk-test", one) }()
	for e.ledger(t).Faults["hang"] == 0 {
	}
	code, out, errs := e.stop()
	if got := <-answered; code != 0 || got != 0 || errs != "" || !strings.Contains(out, "no or half an answer") {
		t.Errorf("got the exit code %d and the answer %d, want 0 and none\n%s%s", code, got, out, errs)
	}
}
