package command

import (
	"strings"
	"testing"

	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
)

// A script throttles, slows and kills the command over HTTP, and starts it again at its address.
func TestEmulateScripted(t *testing.T) {
	e := start(t)
	control := func(method, path, body string) {
		t.Helper()
		if status, answer := e.send(t, method, dashscopetest.ControlPath+path, "", body); status != 200 {
			t.Fatal(status, answer)
		}
	}
	control("PATCH", "settings", `{"rpm":1}`)
	if a, b := e.ask(t, "sk-test", one), e.ask(t, "sk-test", one); a != 200 || b != 429 {
		t.Error("throttled:", a, b)
	}
	control("PATCH", "settings", `{"rpm":0}`)
	control("PUT", "faults", `["slow=delay:1ms","kill=at:2"]`)
	if status := e.ask(t, "sk-test", one); status != 200 {
		t.Error("slow:", status)
	}
	if l := e.ledger(t); l.Faults["slow"] != 1 {
		t.Errorf("%+v", l)
	}
	if status := e.ask(t, "sk-test", one); status != 0 {
		t.Error("killed:", status)
	}
	if code := <-e.ended; code != 1 || !strings.Contains(e.errs.String(), "kill has struck") || strings.Contains(e.out.String(), "billed") {
		t.Error(code, e.errs)
	}
	again := start(t, "-addr", strings.TrimPrefix(e.base, "http://"))
	if status := e.ask(t, "sk-test", one); status != 200 || again.base != e.base {
		t.Error("started again:", status)
	}
}

// What hangs when it is told to stop is let go, and is in the ledger.
func TestEmulateStopsWhatHangs(t *testing.T) {
	e := start(t, "-fault", "hang")
	answered := make(chan int)
	go func() { answered <- e.ask(t, "sk-test", one) }()
	for e.ledger(t).Faults["hang"] == 0 {
	}
	code, out, errs := e.stop()
	if got := <-answered; code != 0 || got != 0 || errs != "" || !strings.Contains(out, "no or half an answer") {
		t.Error(code, got, out, errs)
	}
}
