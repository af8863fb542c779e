package static_test

import (
	"testing"

	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/static"
)

func TestLaws(t *testing.T) {
	for _, dimensions := range []int{0, 128, 64} {
		e, err := static.New(static.Options{Dimensions: dimensions})
		expect.NoError(t, err)
		embedtest.Test(t, func(*testing.T) embedtest.Subject { return embedtest.Subject{Embedder: e} })
	}
}
