package static_test

import (
	"testing"

	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/static"
)

func TestLaws(t *testing.T) {
	for _, o := range []static.Options{{}, {Dimensions: 128}, {Dimensions: 64}, {Lexical: 256}, {Dimensions: 64, Lexical: 128}} {
		e, err := static.New(o)
		expect.NoError(t, err)
		embedtest.Test(t, func(*testing.T) embedtest.Subject { return embedtest.Subject{Embedder: e} })
	}
}
