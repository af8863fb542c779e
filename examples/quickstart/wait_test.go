package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tmc/langchaingo/schema"

	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

// TestWaiting: a run that finds another one changing its store waits, says so once and goes on.
func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := chromem.Options{Dir: t.TempDir()}
		first, err := chromem.New(embedtest.NewFake(embedtest.FakeOptions{}), o)
		expect.NoError(t, err)
		second, err := chromem.New(embedtest.NewFake(embedtest.FakeOptions{}), o)
		expect.NoError(t, err)
		unlock, err := first.Lock()
		expect.NoError(t, err)
		time.AfterFunc(time.Minute, func() {
			_, err := first.AddDocuments(t.Context(), []schema.Document{{PageContent: "a"}})
			expect.NoError(t, err)
			unlock()
		})
		var log bytes.Buffer
		try := func() error {
			unlock, err := second.Lock()
			if err == nil {
				expect.Equal(t, "documents of the run before", second.Count(), 1)
				unlock()
			}
			return err
		}
		begun := time.Now()
		expect.NoError(t, waiting(t.Context(), &log, o.Dir, try))
		if waited := time.Since(begun); waited < time.Minute || waited > time.Minute+pause {
			t.Errorf("waited %v, want a minute", waited)
		}
		expect.Equal(t, "lines about it", strings.Count(log.String(), "waiting until it is done\n"), 1)

		unlock, err = first.Lock()
		expect.NoError(t, err)
		defer unlock()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := waiting(ctx, &log, o.Dir, try); err != context.DeadlineExceeded {
			t.Errorf("got %v, want the context's error", err)
		}
	})
}
