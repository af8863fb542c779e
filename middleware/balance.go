package middleware

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"

	"github.com/vecspace/embedding"
)

// Target is one key, deployment or region of a [Balance], and its share of the requests.
type Target struct {
	Embedder embedding.Embedder // with its own Breaker, Limit and Timeout
	Weight   int                // share relative to the other targets; 0 means 1
}

// BalanceOptions are options of [Balance].
type BalanceOptions struct {
	// Removed is called once each time a target is taken out, because its key is bad or its quota is
	// used up. It must not block. It may be nil.
	Removed func(target int, m embedding.Model, err error)
	Seed    uint64 // seed of the random choice; 0 means a random seed
}

// Balance returns an Embedder that spreads requests over targets, at random by weight. If a
// target fails in a way that [Fallback] acts on, the texts that failed go to another one. A
// target with a bad key (Auth) or a used-up quota (Exhausted) is taken out: it is asked only when
// all others have failed, and comes back once it succeeds.
//
// All targets must have one known Space and one Variant, because their vectors are mixed. Balance
// returns an error if they do not, if a weight is negative, or if their sum is more than an int
// holds.
func Balance(o BalanceOptions, targets ...Target) (embedding.Embedder, error) {
	b := &balance{o: o, out: make([]bool, len(targets))}
	embedders := make([]embedding.Embedder, len(targets))
	sum := 0
	for i, t := range targets {
		if t.Weight < 0 {
			return nil, fmt.Errorf("middleware.Balance: the weight of target %d is %d: it must not be negative", i, t.Weight)
		}
		weight := max(1, t.Weight)
		if weight > math.MaxInt-sum {
			return nil, fmt.Errorf("middleware.Balance: the weights up to target %d, which has %d, add up to more than %d: give smaller ones",
				i, t.Weight, math.MaxInt)
		}
		sum += weight
		embedders[i] = t.Embedder
		b.weights = append(b.weights, weight)
	}
	m, err := joined("Balance", embedders)
	if err != nil {
		return nil, err
	}
	if b.o.Seed == 0 {
		b.o.Seed = rand.Uint64()
	}
	b.rng = rand.New(rand.NewPCG(b.o.Seed, 0))
	b.relay = relay{embedders: guardedAll(embedders), answered: b.answered}
	return embedding.Wrap(b.relay.embedders[0], m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		asked := make([]bool, len(targets))
		return b.relay.embed(ctx, req, func() (int, bool) { return b.choose(asked) })
	}), nil
}

type balance struct {
	o       BalanceOptions
	relay   relay
	weights []int

	mu  sync.Mutex
	rng *rand.Rand
	out []bool // the targets taken out
}

// choose picks a target that was not asked yet, at random by weight, and marks it as asked.
// Targets that were taken out come last.
func (b *balance) choose(asked []bool) (int, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, out := range []bool{false, true} {
		sum := 0
		for i, w := range b.weights {
			if !asked[i] && b.out[i] == out {
				sum += w
			}
		}
		if sum == 0 {
			continue
		}
		at := b.rng.IntN(sum)
		for i, w := range b.weights {
			if asked[i] || b.out[i] != out {
				continue
			}
			if at -= w; at < 0 {
				asked[i] = true
				return i, true
			}
		}
	}
	return 0, false
}

// answered takes a target out or back in, depending on its answer.
func (b *balance) answered(at int, err error) {
	bad := false
	for e := range causes(err) {
		bad = bad || e.Kind == embedding.Auth || e.Kind == embedding.Exhausted || unreachable(e)
	}
	b.mu.Lock()
	report := bad && !b.out[at]
	if bad || err == nil {
		b.out[at] = bad
	}
	b.mu.Unlock()
	if report && b.o.Removed != nil {
		b.o.Removed(at, b.relay.embedders[at].Model(), err)
	}
}
