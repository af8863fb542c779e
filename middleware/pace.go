package middleware

import (
	"context"
	"time"

	"github.com/vecspace/embedding"
)

// answer is what an account's pace learns of a request.
type answer struct {
	tokens int // -1: nobody said
}

func read(_ context.Context, res embedding.Response, err error) (a answer) {
	a.tokens = -1
	if u := embedding.Salvage(res, err).Usage; u.Tokens > 0 && u.Unmetered == 0 {
		a.tokens = u.Tokens
	}
	return a
}

type pace struct{}

// longestHold is for how long callers are kept in the queue while nobody may go. Who has another
// way to go, or a limit to its patience, is told of longer ones.
const longestHold = 10 * time.Second

func (p *pace) left(time.Time) time.Duration                               { return 0 }
func (p *pace) wait(now time.Time, requests, of, tokens int) time.Duration { return 0 }
func (p *pace) full(int) bool                                              { return false }
func (p *pace) sent(*ticket)                                               {}
func (p *pace) unsent(*ticket)                                             {}
func (p *pace) answered(time.Time, ticket, answer) time.Duration           { return 0 }

func askAfter(err error, _ time.Duration) error { return err }

func leftAlone(m embedding.Model, left time.Duration) error { return tooLong(m, left) }
