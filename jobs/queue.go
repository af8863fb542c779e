package jobs

import (
	"context"
	"errors"
	"iter"
)

// Queue hands out the shards of a job to those who work on it. It may be of one process, or shared
// by many. It holds nothing that cannot be lost: what is done is told by the job's folder, and a
// Queue that has forgotten a shard is given it again. Package jobs/queuetest tests an
// implementation. It is safe for concurrent use.
type Queue interface {
	// Put adds shards by their numbers. One that is there already is not added twice.
	Put(ctx context.Context, shards iter.Seq[int]) error
	// Claim waits for a shard that nobody has, and takes it. It returns [ErrEmpty] once every shard
	// is done, and the context's error if that ends. A shard that another process has done may be
	// claimed again: look whether its results are there.
	Claim(ctx context.Context) (Lease, error)
	// Close gives back what this Queue has claimed.
	Close() error
}

// Lease is a claim of one shard. The Queue keeps it alive until Done or Release, one of which is
// called once.
type Lease interface {
	Shard() int
	// Attempt counts the claims of the shard, from 1. It may be higher than their number.
	Attempt() int
	// Lost is closed when another may have the shard: this process was frozen, or cannot reach the
	// Queue. Stop the work then. What is committed all the same does no harm.
	Lost() <-chan struct{}
	// Done takes the shard out of the Queue. Call it after the shard's results are committed.
	Done(ctx context.Context) error
	// Release gives the shard back, for whoever claims it next.
	Release(ctx context.Context) error
}

// ErrEmpty is the error of [Queue.Claim] when no shard is left.
var ErrEmpty = errors.New("jobs: no shard is left")
