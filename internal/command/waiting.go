package command

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/ref"
)

// waits tells a user what a command waits for: an answer that takes more than a second, or a
// provider that is asked again.
type waits struct {
	say func(line string) // must be safe for concurrent use
	mu  sync.Mutex
	all []*wait
}

// wait is what a command knows of one provider.
type wait struct {
	say   func(string)
	model embedding.Model

	mu     sync.Mutex
	out    int   // requests under way
	err    error // why the last request has to be sent again
	timer  *time.Timer
	said   time.Time
	closed bool
}

// table returns a table of the same providers, whose Embedders are watched.
func (w *waits) table(t providers.Table) providers.Table {
	if t == nil {
		t = providers.Builtin()
	}
	watched := make(providers.Table, len(t))
	for name, open := range t {
		watched[name] = func(r ref.Ref) (embedding.Embedder, error) {
			e, err := open(r)
			if err != nil {
				return nil, err
			}
			e = embedding.Chain(e)
			one := &wait{say: w.say, model: e.Model()}
			one.timer = time.AfterFunc(time.Hour, one.tell)
			one.timer.Stop()
			w.mu.Lock()
			w.all = append(w.all, one)
			w.mu.Unlock()
			return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
				one.asked()
				res, err := e.Embed(ctx, req)
				one.answered(err)
				return res, err
			}), nil
		}
	}
	return watched
}

// end silences everything.
func (w *waits) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range w.all {
		one.mu.Lock()
		one.closed = true
		one.timer.Stop()
		one.mu.Unlock()
	}
}

func (w *wait) asked() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.out++; w.out == 1 && w.err == nil {
		w.arm()
	}
}

func (w *wait) answered(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out--
	if kind := embedding.KindOf(err); kind == embedding.Unavailable || kind == embedding.RateLimited {
		w.err = err // the timer goes on
		return
	}
	w.err = nil
	w.timer.Stop()
	if w.out > 0 {
		w.arm()
	}
}

// arm sets the timer to a second from now, or to 10 s after the last line if that is later.
func (w *wait) arm() {
	if !w.closed {
		w.timer.Reset(max(time.Second, 10*time.Second-time.Since(w.said)))
	}
}

func (w *wait) tell() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.out == 0 && w.err == nil {
		return
	}
	if w.err != nil {
		w.say(fmt.Sprintf("waiting, and asking again: %v", w.err))
	} else {
		at := ""
		if w.model.Endpoint != "" {
			at = " at " + w.model.Endpoint
		}
		w.say(fmt.Sprintf("waiting for an answer from %s:%s%s", w.model.Provider, w.model.ID, at))
	}
	w.said = time.Now()
	w.arm()
}
