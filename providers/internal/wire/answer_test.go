package wire_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// TestAnswerIsBounded to the byte: the longest answer is read, and one of a byte more is not.
func TestAnswerIsBounded(t *testing.T) {
	most := int(wire.Bound{Texts: 1, Dimensions: 2}.Bytes())
	for _, tc := range []struct {
		bytes int
		ok    bool
	}{{most, true}, {most + 1, false}} {
		body := answer(200, strings.Repeat("x", tc.bytes))
		x := exchange(t, func(*http.Request) *http.Response { return body })
		var got string
		_, err := x.Post(t.Context(), nil, []string{text}, read(&got, false, false, nil))
		if (err == nil) != tc.ok || tc.ok && len(got) != tc.bytes {
			t.Errorf("%d bytes: got %d and %v, want all: %v", tc.bytes, len(got), err, tc.ok)
		}
	}
}

func TestUsage(t *testing.T) {
	for tokens, want := range map[int]embedding.Usage{
		3: {Requests: 1, Tokens: 3}, 0: {Requests: 1, Unmetered: 1}, -3: {Requests: 1, Unmetered: 1},
	} {
		expect.Equal(t, "usage", wire.Usage(tokens), want)
	}
}
