package gate

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("down")
		var g Gate
		fail := func(n int) {
			for range n {
				if !g.Enter() {
					t.Fatal("closed too early")
				}
				g.Leave(down)
			}
		}
		fail(Failures - 1)
		g.Enter()
		g.Leave(nil) // not in a row
		fail(Failures)
		if g.Enter() {
			t.Error("open after failures in a row")
		}
		time.Sleep(Pause)
		if !g.Enter() || g.Enter() {
			t.Error("after the pause exactly one may try")
		}
		g.Abandon()
		if !g.Enter() {
			t.Error("nobody may try after a trial without an outcome")
		}
		g.Leave(down)
		if g.Enter() {
			t.Error("open after a trial that failed")
		}
		time.Sleep(Pause)
		g.Enter()
		g.Leave(nil)
		for range 2 {
			if !g.Enter() {
				t.Error("closed after a trial that succeeded")
			}
		}
	})
}
