package store_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/vecspace/embedding/internal/expect"
)

// Nobody waits for the first add longer than the context allows.
func TestWaitsEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		go1, release := make(chan struct{}), make(chan struct{})
		f := &fake{before: func(*fake) { close(go1); <-release }}
		s := open(t, model("m", 8), f, cosine)
		done := make(chan error)
		go func() {
			_, err := s.AddDocuments(t.Context(), docs("a"))
			done <- err
		}()
		<-go1
		f.before = nil
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			_, err := s.SimilaritySearch(ctx, "q", 1)
			done <- err
		}()
		go func() {
			_, err := s.AddDocuments(ctx, docs("b"))
			done <- err
		}()
		synctest.Wait()
		cancel()
		for range 2 {
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("got the error %v, want context.Canceled", err)
			}
		}
		close(release)
		expect.NoError(t, <-done)
		expect.Equal(t, "documents", len(f.rows), 1)
		add(t, s, "c")
	})
}
