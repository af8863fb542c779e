package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vecspace/embedding"
)

// patience says on log what the program waits for, once it has waited for a second.
type patience struct {
	log   io.Writer
	mu    sync.Mutex
	why   string // "" while nobody waits
	timer *time.Timer
}

// watch belongs innermost, where single requests are sent.
func (p *patience) watch(next embedding.Embedder) embedding.Embedder {
	m := next.Model()
	return embedding.Wrap(next, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		p.wait(fmt.Sprintf("waiting for %s:%s", m.Provider, m.ID), false)
		res, err := next.Embed(ctx, req)
		why := ""
		if k := embedding.KindOf(err); k == embedding.Unavailable || k == embedding.RateLimited {
			why = fmt.Sprintf("waiting, and asking again: %v", err)
		}
		p.wait(why, true)
		return res, err
	})
}

// wait sets why the program waits. It leaves an older reason unless replace is set.
func (p *patience) wait(why string, replace bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	waited := p.why != ""
	if !waited || replace {
		p.why = why
	}
	switch {
	case p.why == "" && p.timer != nil:
		p.timer.Stop()
	case p.why == "" || waited:
	case p.timer == nil:
		p.timer = time.AfterFunc(time.Second, p.tell)
	default:
		p.timer.Reset(time.Second)
	}
}

func (p *patience) tell() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.why != "" {
		fmt.Fprintln(p.log, p.why)
		p.timer.Reset(10 * time.Second)
	}
}
