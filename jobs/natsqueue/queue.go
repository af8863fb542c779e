package natsqueue

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/vecspace/embedding/jobs"
)

// Options are options of a [Queue].
type Options struct {
	// Job is the job's ID. It names the bucket, so every job has its own.
	Job string
	// Folder is the job's folder, which all processes have to see: each keeps a file in it, and a
	// process that lacks the file of another may not join. Empty means that nobody looks.
	Folder string
	// Lease is how long a claim holds when its process shows no sign of life; 0 means 30 s.
	Lease time.Duration
	// Done reports whether a shard needs no work, because another process has done it. It may be nil.
	Done func(shard int) bool
	// Replicas is how many servers of a cluster keep the claims; 0 means 1.
	Replicas int
}

// Queue is a [jobs.Queue] in a JetStream. It is safe for concurrent use.
type Queue struct {
	js jetstream.JetStream
	o  Options
	me string

	claiming chan struct{} // holds a token while a claim is made, so that a process does not compete with itself

	mu      sync.Mutex
	wanted  []bool // by shard
	left    int    // of wanted
	cursor  int    // the shard to look at first
	held    map[int]*lease
	claims  map[int]claim // as the bucket last told
	seen    map[string]time.Time
	heard   time.Time     // when the server last answered
	changed chan struct{} // closed when a claim may have become free
	closed  bool

	kv    jetstream.KeyValue
	stop  context.CancelFunc
	ended sync.WaitGroup
}

// claim is a key of the bucket.
type claim struct {
	holder
	revision uint64
}

// holder is the value of a claim's key.
type holder struct {
	Worker   string `json:"worker"`
	Attempt  int    `json:"attempt"`
	Released bool   `json:"released,omitempty"`
}

// lease is a jobs.Lease of a Queue.
type lease struct {
	queue *Queue
	shard int
	claim
	lost chan struct{}
	once sync.Once
}

const (
	shardKey  = "shard."
	workerKey = "worker."
)

var good = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// New joins the Queue of a job, unless another process of the job sees another folder. It makes the
// job's bucket if that is not there. The Queue uses nc until Close and does not close it; nc should
// reconnect without an end (nats.MaxReconnects(-1)).
func New(ctx context.Context, nc *nats.Conn, o Options) (*Queue, error) {
	if !good.MatchString(o.Job) {
		return nil, fmt.Errorf("natsqueue: the job's ID %q is not of letters, digits, - and _", o.Job)
	}
	if o.Lease < 0 {
		return nil, fmt.Errorf("natsqueue: a lease of %v is negative: 0 is 30 s", o.Lease)
	}
	o.Lease, o.Replicas = cmp.Or(o.Lease, 30*time.Second), cmp.Or(o.Replicas, 1)
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("natsqueue: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	me := regexp.MustCompile(`[^A-Za-z0-9-]`).ReplaceAllString(strings.ToLower(host), "-")
	q := &Queue{
		js: js, o: o, me: fmt.Sprintf("%s-%d-%s", me, os.Getpid(), rand.Text()[:12]),
		claiming: make(chan struct{}, 1), held: map[int]*lease{}, changed: make(chan struct{}),
	}
	first, err := q.enter(ctx)
	if err != nil {
		return nil, err
	}
	live, stop := context.WithCancel(context.Background())
	q.stop = stop
	q.ended.Go(func() { q.live(live, first) })
	return q, nil
}

// open opens or makes the bucket, shows a first sign of life, and reads what is there. It starts
// from nothing: claims of an earlier bucket are lost.
func (q *Queue) open(ctx context.Context) (jetstream.KeyWatcher, error) {
	kv, err := q.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: "vecspace-job-" + q.o.Job, Description: "claims of a job's shards", Replicas: q.o.Replicas,
		LimitMarkerTTL: time.Hour, // what is done leaves nothing behind
	})
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if _, err := kv.Put(ctx, workerKey+q.me, nil); err != nil {
		return nil, err
	}
	w, err := kv.WatchAll(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	var there []jetstream.KeyValueEntry
	for {
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), w.Stop())
		case e, ok := <-w.Updates():
			if !ok {
				return nil, errors.New("the server ended the watch")
			}
			if e != nil {
				there = append(there, e)
				continue
			}
			q.mu.Lock()
			defer q.mu.Unlock()
			q.kv, q.claims, q.seen, q.heard = kv, map[int]claim{}, map[string]time.Time{}, begin
			q.loseAll()
			for _, e := range there {
				q.see(e)
			}
			return w, nil
		}
	}
}

// live shows signs of life, hears of changes, and opens the bucket anew if the server has lost it.
func (q *Queue) live(ctx context.Context, w jetstream.KeyWatcher) {
	every := time.NewTicker(q.o.Lease / 6)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			_ = w.Stop() // the process ends, and its connection with it
			return
		case e, ok := <-w.Updates():
			if ok {
				q.mu.Lock()
				q.see(e)
				q.mu.Unlock()
				continue
			}
		case <-every.C:
			if q.beat(ctx) {
				continue
			}
		}
		bounded, cancel := context.WithTimeout(ctx, q.o.Lease/2)
		next, err := q.open(bounded)
		cancel()
		if err == nil {
			_ = w.Stop() // of a bucket that is gone
			w = next
		} else {
			select { // until the server is there
			case <-ctx.Done():
			case <-every.C:
			}
		}
	}
}

// beat shows that this process lives and reports whether the bucket is there, as far as it knows.
func (q *Queue) beat(ctx context.Context) bool {
	bounded, cancel := context.WithTimeout(ctx, q.o.Lease/6)
	defer cancel()
	begin := time.Now()
	_, err := q.kv.Put(bounded, workerKey+q.me, nil)
	q.mu.Lock()
	defer q.mu.Unlock()
	if err == nil {
		q.heard = begin
	} else if time.Since(q.heard) > q.o.Lease/2 {
		q.loseAll() // soon others may take the claims over
	}
	return err == nil || !errors.Is(err, jetstream.ErrNoStreamResponse) && !errors.Is(err, jetstream.ErrStreamNotFound)
}

func (q *Queue) loseAll() {
	for _, l := range q.held {
		l.lose()
	}
}

// see notes a change of the bucket. It is called with mu held; nil is no change.
func (q *Queue) see(e jetstream.KeyValueEntry) {
	if e == nil {
		return
	}
	gone := e.Operation() != jetstream.KeyValuePut
	if id, ok := strings.CutPrefix(e.Key(), workerKey); ok {
		if q.seen[id] = time.Now(); gone {
			delete(q.seen, id)
			q.free()
		}
		return
	}
	number, ok := strings.CutPrefix(e.Key(), shardKey)
	shard, err := strconv.Atoi(number)
	if !ok || err != nil {
		return
	}
	var h holder
	if !gone && json.Unmarshal(e.Value(), &h) != nil {
		return // nobody has written that; it stays taken
	}
	if gone {
		delete(q.claims, shard)
	} else {
		q.claims[shard] = claim{h, e.Revision()}
	}
	if l := q.held[shard]; l != nil && l.revision > 0 && e.Revision() > l.revision {
		l.lose()
	}
	if gone || h.Released {
		q.free()
	}
}

// free wakes those who wait for a claim.
func (q *Queue) free() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// Put is of [jobs.Queue]. Its memory is a byte for each number below the highest.
func (q *Queue) Put(_ context.Context, shards iter.Seq[int]) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for s := range shards {
		if s < 0 {
			return fmt.Errorf("natsqueue: shard %d: the first is 0", s)
		}
		if s >= len(q.wanted) {
			q.wanted = append(q.wanted, make([]bool, s+1-len(q.wanted))...)
		}
		if !q.wanted[s] {
			q.wanted[s] = true
			q.left++
		}
	}
	return nil
}

// Claim is of [jobs.Queue]. While the server is away, it waits.
func (q *Queue) Claim(ctx context.Context) (jobs.Lease, error) {
	for {
		select {
		case q.claiming <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		l, changed, err := q.next(ctx)
		<-q.claiming
		if l != nil || err != nil {
			return l, err
		}
		wait := time.NewTimer(min(q.o.Lease/20, time.Second))
		select {
		case <-ctx.Done():
		case <-changed:
		case <-wait.C:
		}
		wait.Stop()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// next takes a shard, or returns what is closed when there may be one.
func (q *Queue) next(ctx context.Context) (jobs.Lease, chan struct{}, error) {
	q.mu.Lock()
	changed := q.changed
	q.mu.Unlock()
	for range 2 { // from the cursor to the end, then from the start
		for {
			shard, last, err := q.candidate()
			if err != nil {
				return nil, nil, err
			}
			if shard < 0 {
				break
			}
			l, err := q.take(ctx, shard, last)
			if l != nil {
				return l, nil, nil
			}
			if ctx.Err() != nil {
				return nil, nil, ctx.Err()
			}
			if err != nil {
				return nil, changed, nil // the server is away; what we hold ends by itself
			}
		}
		q.mu.Lock()
		q.cursor = 0
		q.mu.Unlock()
	}
	return nil, changed, nil
}

// candidate moves the cursor behind the next shard that looks free, or returns -1 at the end.
func (q *Queue) candidate() (int, claim, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return 0, claim{}, fmt.Errorf("natsqueue: the queue: %w", os.ErrClosed)
	}
	for s := q.cursor; s < len(q.wanted); s++ {
		if !q.wanted[s] || q.held[s] != nil {
			continue
		}
		if q.o.Done != nil && q.o.Done(s) {
			q.forget(s)
			continue
		}
		c, taken := q.claims[s]
		if !taken || c.Released || c.Worker == q.me || time.Since(q.seen[c.Worker]) > q.o.Lease {
			q.cursor = s + 1
			return s, c, nil
		}
	}
	if q.left == 0 {
		return 0, claim{}, jobs.ErrEmpty
	}
	q.cursor = len(q.wanted)
	return -1, claim{}, nil
}

func (q *Queue) forget(s int) {
	if q.wanted[s] {
		q.wanted[s] = false
		q.left--
	}
}

// take claims a shard whose last claim was this one. It returns nil if another was faster.
func (q *Queue) take(ctx context.Context, shard int, last claim) (*lease, error) {
	l := &lease{queue: q, shard: shard, claim: claim{holder: holder{Worker: q.me, Attempt: last.Attempt + 1}}, lost: make(chan struct{})}
	q.mu.Lock()
	kv := q.kv
	q.held[shard] = l // before the change comes back
	q.mu.Unlock()
	revision, err := l.write(ctx, kv, last.revision)
	q.mu.Lock()
	defer q.mu.Unlock()
	if err != nil || q.kv != kv { // or the server has lost the bucket meanwhile
		delete(q.held, shard)
		if conflict(err) {
			return nil, nil
		}
		return nil, err
	}
	l.revision = revision
	if c := q.claims[shard]; c.revision > revision {
		l.lose()
	}
	return l, nil
}

// write puts the lease's holder in the place of a revision, 0 for none.
func (l *lease) write(ctx context.Context, kv jetstream.KeyValue, replaces uint64) (uint64, error) {
	data, err := json.Marshal(l.holder)
	if err != nil {
		return 0, err
	}
	bounded, cancel := context.WithTimeout(ctx, l.queue.o.Lease/3)
	defer cancel()
	key := shardKey + strconv.Itoa(l.shard)
	if replaces == 0 {
		return kv.Create(bounded, key, data)
	}
	return kv.Update(bounded, key, data, replaces)
}

// conflict reports whether another process has changed the key first.
func conflict(err error) bool {
	api, ok := errors.AsType[*jetstream.APIError](err)
	return errors.Is(err, jetstream.ErrKeyExists) || ok && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence
}

// Close is of [jobs.Queue]. It gives back all claims; the connection stays open.
func (q *Queue) Close() error {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return nil
	}
	q.closed = true
	var held []*lease
	for _, l := range q.held {
		held = append(held, l)
	}
	q.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), q.o.Lease/3)
	defer cancel()
	for _, l := range held {
		l.lose()
		_ = l.Release(ctx) // else it ends with the lease
	}
	q.stop()
	q.ended.Wait()
	_ = q.kv.Purge(ctx, workerKey+q.me, jetstream.PurgeTTL(time.Hour)) // else it ends with the lease
	return q.hide()
}

func (l *lease) Shard() int            { return l.shard }
func (l *lease) Attempt() int          { return l.claim.Attempt }
func (l *lease) Lost() <-chan struct{} { return l.lost }
func (l *lease) lose()                 { l.once.Do(func() { close(l.lost) }) }

// Done is of [jobs.Lease]. Its error is nil if the server is away: the job's folder tells what is
// done.
func (l *lease) Done(ctx context.Context) error {
	return l.end(ctx, true, func(ctx context.Context, kv jetstream.KeyValue, revision uint64) error {
		return kv.Purge(ctx, shardKey+strconv.Itoa(l.shard), jetstream.LastRevision(revision), jetstream.PurgeTTL(time.Hour))
	})
}

// Release is of [jobs.Lease]. The key stays, so that the next claim counts on.
func (l *lease) Release(ctx context.Context) error {
	return l.end(ctx, false, func(ctx context.Context, kv jetstream.KeyValue, revision uint64) error {
		l.Released = true
		_, err := l.write(ctx, kv, revision)
		return err
	})
}

// end changes the claim in the bucket and takes it out of what this process holds.
func (l *lease) end(ctx context.Context, done bool, change func(context.Context, jetstream.KeyValue, uint64) error) error {
	q := l.queue
	q.mu.Lock()
	kv, revision := q.kv, l.revision
	l.revision = ^uint64(0) // what comes back is no loss
	mine := q.held[l.shard] == l
	q.mu.Unlock()
	bounded, cancel := context.WithTimeout(ctx, q.o.Lease/3)
	defer cancel()
	if mine {
		_ = change(bounded, kv, revision) // a claim that nobody keeps ends with the lease
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.held[l.shard] == l {
		delete(q.held, l.shard)
	}
	if done {
		q.forget(l.shard)
	}
	q.free()
	return ctx.Err()
}
