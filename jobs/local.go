package jobs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math/bits"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vecspace/embedding/internal/flock"
	"github.com/vecspace/embedding/internal/whole"
)

// LocalOptions are options of a [Local].
type LocalOptions struct {
	// Lease is how long a claim holds when its process shows no sign of life; 0 means 30 s. What has
	// ended on this machine, also by a kill, is noticed at once where files can be locked.
	Lease time.Duration
	// Done reports whether a shard needs no work, because another process has done it. It may be nil.
	Done func(shard int) bool
}

// Local is a [Queue] in a folder, without a server: for one process, or for several that see the
// same folder. A claim is a file that can be made once, and its name has a fence, a number that
// rises with each claim of the shard. No clock is compared with another machine's: a process that
// does not move its file for a Lease, by the watch of the one that looks, has lost its claims.
type Local struct {
	claims, workers string // folders
	o               LocalOptions
	me              worker
	file            *os.File // of this process in workers
	locks           bool     // a lock of a file says whether its process is alive

	mu      sync.Mutex
	wanted  []uint64 // a bit per shard
	left    int      // bits that are set
	cursor  int      // the shard to look at first
	held    map[int]*claim
	seen    map[string]sight // other processes
	changed chan struct{}    // closed when a claim of this process ends
	closed  bool

	stop  context.CancelFunc
	beats sync.WaitGroup
}

// worker is what a process writes of itself.
type worker struct {
	ID   string `json:"id"`
	Host string `json:"host"`
	PID  int    `json:"pid"`
	Beat int64  `json:"beat"` // rises while the process lives
}

// sight is what was seen of another process, and when that changed.
type sight struct {
	beat  int64
	since time.Time
}

// holder is what a claim's file says.
type holder struct {
	Worker   string `json:"worker"`
	Released bool   `json:"released,omitempty"`
}

// claim is a Lease of a Local.
type claim struct {
	queue          *Local
	shard, attempt int
	lost           chan struct{}
	once           sync.Once
}

// NewLocal joins the Queue in a folder, which it makes if it is not there.
func NewLocal(dir string, o LocalOptions) (*Local, error) {
	if o.Lease < 0 {
		return nil, fmt.Errorf("jobs: a lease of %v is negative: 0 is 30 s", o.Lease)
	}
	o.Lease = cmp.Or(o.Lease, 30*time.Second)
	q := &Local{
		claims: filepath.Join(dir, "claims"), workers: filepath.Join(dir, "workers"), o: o,
		held: map[int]*claim{}, seen: map[string]sight{}, changed: make(chan struct{}),
	}
	for _, d := range []string{q.claims, q.workers} {
		if err := os.MkdirAll(d, 0o777); err != nil {
			return nil, err
		}
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	q.me = worker{ID: fmt.Sprintf("%s-%d-%s", strings.ToLower(host), os.Getpid(), random()), Host: host, PID: os.Getpid()}
	if err := q.join(); err != nil {
		return nil, err
	}
	q.begin()
	q.bury()
	return q, nil
}

// bury removes the files of processes of this machine that have ended without Close.
func (q *Local) bury() {
	if !q.locks {
		return
	}
	_ = names(q.workers, func(name string) { // what stays does no harm
		f, err := os.Open(q.card(name))
		if err != nil {
			return
		}
		defer func() { _ = f.Close() }() // it was only read
		var w worker
		if json.NewDecoder(f).Decode(&w) != nil || w.Host != q.me.Host || w.ID != name {
			return
		}
		if taken, err := flock.Try(f); err == nil && !taken {
			_ = os.Remove(f.Name())
		}
	})
}

// begin shows signs of life until stop is called.
func (q *Local) begin() {
	ctx, stop := context.WithCancel(context.Background())
	q.stop = stop
	q.beats.Go(func() { q.live(ctx) })
}

// join puts this process's file in its place, which is locked and has been written.
func (q *Local) join() (err error) {
	name := q.card(whole.Unfinished + random())
	if q.file, err = os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666); err != nil {
		return err
	}
	if q.locks, err = locked(q.file); err == nil {
		err = q.beat()
	}
	if err == nil {
		err = os.Rename(name, q.card(q.me.ID))
	}
	if err != nil {
		return errors.Join(err, q.file.Close(), os.Remove(name))
	}
	return nil
}

// locked locks a file until it is closed and reports whether others notice.
func locked(f *os.File) (bool, error) {
	if _, err := flock.Try(f); err != nil {
		return false, err
	}
	again, err := os.Open(f.Name())
	if err != nil {
		return false, err
	}
	defer func() { _ = again.Close() }() // nothing was written
	return flock.Try(again)
}

func (q *Local) card(id string) string { return filepath.Join(q.workers, id) }

// Put is of [Queue]. Its memory is a bit for each number below the highest.
func (q *Local) Put(_ context.Context, shards iter.Seq[int]) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for s := range shards {
		if s < 0 {
			return fmt.Errorf("jobs: shard %d: the first is 0", s)
		}
		for s/64 >= len(q.wanted) {
			q.wanted = append(q.wanted, 0)
		}
		if bit := uint64(1) << (s % 64); q.wanted[s/64]&bit == 0 {
			q.wanted[s/64] |= bit
			q.left++
		}
	}
	return nil
}

// Claim is of [Queue].
func (q *Local) Claim(ctx context.Context) (Lease, error) {
	for {
		c, changed, err := q.claim()
		if err != nil {
			return nil, err
		}
		if c != nil {
			return c, nil
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

// claim takes a shard, or returns what is closed when there may be one.
func (q *Local) claim() (*claim, chan struct{}, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, nil, fmt.Errorf("jobs: the queue: %w", os.ErrClosed)
	}
	taken, err := q.taken()
	if err != nil {
		return nil, nil, err
	}
	alive := map[string]bool{}
	for _, part := range [][2]int{{q.cursor, 64 * len(q.wanted)}, {0, q.cursor}} {
		for s := q.next(part[0]); s >= 0 && s < part[1]; s = q.next(s + 1) {
			if q.held[s] != nil {
				continue
			}
			if q.o.Done != nil && q.o.Done(s) {
				q.forget(s)
				continue
			}
			c, err := q.take(s, taken[s], alive)
			if c != nil || err != nil {
				q.cursor = s + 1
				return c, nil, err
			}
		}
	}
	if q.left == 0 {
		return nil, nil, ErrEmpty
	}
	return nil, q.changed, nil
}

// next returns the first wanted shard from s on, or -1.
func (q *Local) next(s int) int {
	for w := s / 64; w < len(q.wanted); w++ {
		word := q.wanted[w]
		if w == s/64 {
			word &= ^uint64(0) << (s % 64)
		}
		if word != 0 {
			return 64*w + bits.TrailingZeros64(word)
		}
	}
	return -1
}

func (q *Local) forget(s int) {
	q.wanted[s/64] &^= 1 << (s % 64)
	q.left--
}

// taken returns the attempts of the shards that have a claim.
func (q *Local) taken() (map[int]int, error) {
	entries, err := os.ReadDir(q.claims)
	if err != nil {
		return nil, err
	}
	out := map[int]int{}
	for _, e := range entries {
		shard, attempt, ok := strings.Cut(e.Name(), ".")
		s, err1 := strconv.Atoi(shard)
		a, err2 := strconv.Atoi(attempt)
		if ok && err1 == nil && err2 == nil {
			out[s] = max(out[s], a)
		}
	}
	return out, nil
}

func (q *Local) name(shard, attempt int) string {
	return filepath.Join(q.claims, fmt.Sprintf("%06d.%d", shard, attempt))
}

// take claims a shard whose last claim is of an attempt, 0 for none. It returns nil if another
// process has it.
func (q *Local) take(shard, attempt int, alive map[string]bool) (*claim, error) {
	if attempt > 0 {
		h, err := readHolder(q.name(shard, attempt))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil // it ended while we looked
		}
		if err != nil {
			return nil, err
		}
		if !h.Released {
			if _, asked := alive[h.Worker]; !asked {
				alive[h.Worker] = q.alive(h.Worker)
			}
			if alive[h.Worker] {
				return nil, nil
			}
		}
	}
	c := &claim{queue: q, shard: shard, attempt: attempt + 1, lost: make(chan struct{})}
	if err := q.put(c, holder{Worker: q.me.ID}); errors.Is(err, fs.ErrExist) {
		return nil, nil // another was faster
	} else if err != nil {
		return nil, err
	}
	if mine, err := q.mine(c); err != nil || !mine {
		return nil, errors.Join(err, os.Remove(q.name(shard, c.attempt)))
	}
	if attempt > 0 {
		if err := remove(q.name(shard, attempt)); err != nil {
			return nil, err
		}
	}
	q.held[shard] = c
	return c, nil
}

// put makes the file of a claim, unless it is there. It is never there in part.
func (q *Local) put(c *claim, h holder) error {
	data, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return putNew(q.name(c.shard, c.attempt), data)
}

func readHolder(name string) (h holder, err error) {
	data, err := os.ReadFile(name)
	if err == nil {
		if err = json.Unmarshal(data, &h); err != nil {
			err = fmt.Errorf("the claim %s is damaged, remove it: %w", name, err)
		}
	}
	return h, err
}

// mine reports whether a claim is there and the highest of its shard.
func (q *Local) mine(c *claim) (bool, error) {
	taken, err := q.taken()
	return taken[c.shard] == c.attempt, err
}

// alive reports whether another process may still hold claims.
func (q *Local) alive(id string) bool {
	if id == q.me.ID {
		return true // a claim that this process is about to end
	}
	f, err := os.Open(q.card(id))
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	defer func() { _ = f.Close() }() // it was only read
	var w worker
	data, err := io.ReadAll(f)
	if err == nil {
		err = json.Unmarshal(data, &w)
	}
	if err == nil && q.locks && w.Host == q.me.Host {
		if taken, err := flock.Try(f); err == nil && !taken {
			return false
		}
	}
	last, known := q.seen[id]
	if !known || err == nil && w.Beat != last.beat {
		q.seen[id] = sight{w.Beat, time.Now()}
		return true
	}
	return time.Since(last.since) < q.o.Lease
}

// beat shows that this process lives. The file keeps its place, which is locked.
func (q *Local) beat() error {
	q.me.Beat++
	data, err := json.Marshal(q.me)
	if err != nil {
		return err
	}
	_, err = q.file.WriteAt(append(data, '\n'), 0) // it never becomes shorter
	return err
}

// live beats, and looks for claims that another process has taken.
func (q *Local) live(ctx context.Context) {
	every := time.NewTicker(q.o.Lease / 6)
	defer every.Stop()
	for good := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		q.mu.Lock()
		err := q.beat()
		var taken map[int]int
		if err == nil {
			taken, err = q.taken()
		}
		switch {
		case err == nil:
			good = time.Now()
			for shard, c := range q.held {
				if taken[shard] != c.attempt {
					c.lose()
				}
			}
		case time.Since(good) > q.o.Lease*2/3: // nobody can see that this process lives
			for _, c := range q.held {
				c.lose()
			}
		}
		q.mu.Unlock()
	}
}

// Close is of [Queue].
func (q *Local) Close() error {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return nil
	}
	q.closed = true
	var held []*claim
	for _, c := range q.held {
		held = append(held, c)
	}
	q.mu.Unlock()
	var err error
	for _, c := range held {
		c.lose()
		err = errors.Join(err, c.Release(context.Background()))
	}
	q.stop()
	q.beats.Wait()
	return errors.Join(err, q.file.Close(), remove(q.card(q.me.ID)))
}

func (c *claim) Shard() int            { return c.shard }
func (c *claim) Attempt() int          { return c.attempt }
func (c *claim) Lost() <-chan struct{} { return c.lost }
func (c *claim) lose()                 { c.once.Do(func() { close(c.lost) }) }

// end takes the claim out of what this process holds, and wakes who waits.
func (c *claim) end(done bool) {
	q := c.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.held[c.shard] == c {
		delete(q.held, c.shard)
		if done {
			q.forget(c.shard)
		}
	}
	close(q.changed)
	q.changed = make(chan struct{})
}

func (c *claim) Done(context.Context) error {
	err := remove(c.queue.name(c.shard, c.attempt))
	c.end(true)
	return err
}

// Release leaves a file, so that the next claim has a higher fence.
func (c *claim) Release(context.Context) error {
	defer c.end(false)
	q := c.queue
	if mine, err := q.mine(c); err != nil || !mine {
		return err // another has it, or has finished it
	}
	data, err := json.Marshal(holder{Worker: q.me.ID, Released: true})
	if err != nil {
		return err
	}
	return whole.Replace(q.name(c.shard, c.attempt), data)
}

// remove removes a file that may have gone.
func remove(name string) error {
	if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
