package store

import "context"

// gate is a lock for many or for one, whose waits end with the context. The first add has the store for itself: redisvector keeps
// what it learns of the first document without a lock, and several stores make their collection then.
type gate struct {
	one   chan struct{}
	seats chan struct{}
}

func newGate() gate { return gate{make(chan struct{}, 1), make(chan struct{}, 256)} }

// share waits until nobody has the gate for themselves.
func (g gate) share(ctx context.Context) (leave func(), err error) {
	select {
	case g.seats <- struct{}{}:
		return func() { <-g.seats }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// alone waits until nobody else is in.
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
