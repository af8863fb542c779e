package cache

import (
	"fmt"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
)

func TestLaws(t *testing.T) {
	for _, m := range []embedding.Model{{}, {Symmetric: true}, {Limits: embedding.Limits{Texts: 3}}} {
		t.Run(fmt.Sprintf("symmetric %v, %d texts", m.Symmetric, m.Limits.Texts), func(t *testing.T) {
			embedtest.Test(t, func(t *testing.T) embedtest.Subject {
				f := embedtest.NewFake(embedtest.FakeOptions{Model: m})
				return embedtest.Subject{Embedder: embedding.Chain(f, open(t, Options{}).Wrap), Ledger: f.Ledger}
			})
		})
	}
}
