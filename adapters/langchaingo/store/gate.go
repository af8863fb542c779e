package store

import "context"

// gate is a read-write lock whose waits end with the context. The first add holds it alone:
// redisvector stores what it learns from the first document without a lock, and several stores
// create their collection then.
type gate struct {
	one   chan struct{}
	seats chan struct{}
}

func newGate() gate { return gate{make(chan struct{}, 1), make(chan struct{}, 256)} }

// share waits until no call holds the gate alone.
func (g gate) share(ctx context.Context) (leave func(), err error) {
	select {
	case g.seats <- struct{}{}:
		return func() { <-g.seats }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// alone waits until no other call holds the gate.
func (g gate) alone(ctx context.Context) (leave func(), err error) {
	select {
	case g.one <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	taken := 0
	leave = func() {
		for range taken {
			<-g.seats
		}
		<-g.one
	}
	for taken < cap(g.seats) {
		select {
		case g.seats <- struct{}{}:
			taken++
		case <-ctx.Done():
			leave()
			return nil, ctx.Err()
		}
	}
	return leave, nil
}
