package check

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// A service that cannot be reached says nothing about the key, and is asked once.
func TestUnreached(t *testing.T) {
	a := &acme{fail: func(int) error { return embedding.Model{}.Errorf(embedding.Unavailable, "connection refused") }}
	r := a.run(t, "acme:m?key_env=ACME", Options{})
	if r.Count(NotAsked) != len(r.Findings) || len(r.Findings) < 10 || r.Requests != 1 {
		t.Errorf("got %d requests and %+v, want that nothing could be asked after one", r.Requests, r.Findings)
	}
	for _, f := range r.Findings {
		expect.Equal(t, "the reason", f.Reason, "service unavailable: connection refused")
	}
}
