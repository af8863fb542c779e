package pgtable

import (
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestStatusInWords(t *testing.T) {
	s := Status{
		Into: `"v"`, State: "paused", Rows: 100, Queued: 30, Claimed: 20, Late: 5, Embedded: 60, Current: 1, Removed: 2, Rejected: 3,
		Requests: 7, Tokens: 500, Cost: 0.0005, Currency: "USD", AtLeast: true, Workers: []string{"a:1", "b:2"},
		Pause: &Pause{Kind: "auth", Reason: "the key is wrong"},
	}
	expect.Equal(t, "status", s.String(), `"v": paused, 30 rows noted (20 at work, 5 wait after a failure), and the first walk through the table goes on
  vectors stored 60, there already 1, removed or blank 2, rejected 3; the table has about 100 rows
  at least 7 requests, 500 tokens, 0.0005 USD
  processes a:1, b:2
  paused (auth): the key is wrong
`)
	s = Status{Into: `"v"`, State: "running", Rows: -1, Filled: true, Queued: CountedTo}
	expect.Equal(t, "status", s.String(), "\"v\": running, 300000 rows noted or more\n  vectors stored 0, there already 0, removed or blank 0, rejected 0\n")
}
