package pgtable

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/vecspace/embedding"
)

const (
	// A row that its worker did not survive so often, or that failed so often while others passed, is
	// claimed alone, so that it is known which row is to blame.
	aloneDeaths   = 6
	aloneAttempts = 3
	// And so often it goes to the table of errors.
	lastDeath   = 8
	lastAttempt = 6

	lastPause = 5 * time.Minute // after failures of a row

	// settleFor is how long a result waits for the application's transaction that has its row locked.
	settleFor = 30 * time.Second
)

// row is a row of the queue that a block has.
type row struct {
	key             string // as text
	attempt, deaths int
	dead            bool // the last who had it ended without a word

	there bool
	text  *string

	end    int // what is to be done with it
	hash   []byte
	vector []float32
	err    error
}

// What is to be done with a row.
const (
	later  = iota // give it back
	again         // give it back as one that failed
	store         // store its vector
	keep          // its vector is there
	remove        // it has none
	reject        // it goes to the table of errors
)

// block is some rows that one goroutine claims, embeds and settles.
type block struct {
	owner string
	rows  []row

	blame int // what a failure adds to a row's attempts: 1 if others passed meanwhile

	mu     sync.Mutex
	closed bool // nothing more is sent
	open   int  // requests under way
	usage  embedding.Usage
	cancel context.CancelFunc
}

type blockKey struct{}

// enter notes the begin of a request, and reports whether it may be sent.
func (b *block) enter() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.open++
	}
	return !b.closed
}

// leave notes the end of a request and what it cost.
func (b *block) leave(u embedding.Usage, failed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.usage = b.usage.Add(u)
	if b.open--; b.closed && b.open == 0 && failed {
		b.cancel()
	}
}

// close lets no more requests be sent. What waits for its turn need not wait any longer.
func (b *block) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed = true; b.open == 0 {
		b.cancel()
	}
}

// spent returns what the block has cost, and forgets what was written down of it.
func (b *block) spent(written embedding.Usage) embedding.Usage {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.usage.Requests -= written.Requests
	b.usage.Tokens -= written.Tokens
	return b.usage
}

// Which rows are claimed together.
var (
	sound   = fmt.Sprintf("deaths < %d AND attempt < %d", aloneDeaths, aloneAttempts)
	failing = fmt.Sprintf("deaths < %d AND attempt >= %d", aloneDeaths, aloneAttempts)
	deadly  = fmt.Sprintf("deaths >= %d", aloneDeaths)
)

// next claims rows and does them, and reports whether there were any. Rows that failed come alone.
// A row that may be to blame for the end of processes comes when this one does nothing else, so
// that no other row is blamed for its next end.
func (w *work) next() (bool, error) {
	w.alone.RLock()
	b, err := w.claim(sound, w.size)
	if b == nil && err == nil {
		b, err = w.claim(failing, 1)
	}
	if b != nil {
		w.do(b)
	}
	w.alone.RUnlock()
	if b != nil || err != nil {
		return true, err
	}
	var some bool
	err = endure(w.stopped, func() error {
		return w.t.pool.QueryRow(w.stopped, fmt.Sprintf("SELECT EXISTS (SELECT FROM %s WHERE due <= now() AND %s)", w.t.name.with("_queue"), deadly)).
			Scan(&some)
	})
	if err != nil || !some {
		return false, problemIf("looking at the queue", err)
	}
	w.alone.Lock()
	defer w.alone.Unlock()
	if b, err = w.claim(deadly, 1); b != nil {
		w.do(b)
	}
	return b != nil, err
}

// claim takes rows that nobody has, or returns nil. It is not interrupted: a claim that nobody
// knows of would count as a death.
func (w *work) claim(which string, most int) (*block, error) {
	b := &block{owner: w.name + "/" + token()}
	err := endure(w.stopped, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(w.stopped), time.Minute)
		defer cancel()
		rows, err := w.t.pool.Query(ctx, fmt.Sprintf(`WITH free AS MATERIALIZED (SELECT pk, owner IS NOT NULL AS dead FROM %[1]s WHERE due <= now() AND %[2]s
				ORDER BY due LIMIT $3 FOR UPDATE SKIP LOCKED)
			UPDATE %[1]s q SET owner = $1, due = now() + $2, deaths = deaths + dead::int
			FROM free WHERE q.pk = free.pk RETURNING q.pk::text, q.attempt, q.deaths, dead`, w.t.name.with("_queue"), which),
			b.owner, w.o.Lease, most)
		if err != nil {
			return err
		}
		b.rows, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (n row, err error) {
			return n, r.Scan(&n.key, &n.attempt, &n.deaths, &n.dead)
		})
		return err
	})
	if err != nil || len(b.rows) == 0 {
		return nil, problemIf("claiming rows", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.claims[b.owner] = b.keys(func(*row) bool { return true })
	return b, nil
}

// keys returns the keys of some rows.
func (b *block) keys(which func(*row) bool) []string {
	out := []string{} // nil would be NULL
	for i := range b.rows {
		if which(&b.rows[i]) {
			out = append(out, b.rows[i].key)
		}
	}
	return out
}

func endsAs(end int) func(*row) bool { return func(r *row) bool { return r.end == end } }

// do embeds a block and settles it.
func (w *work) do(b *block) {
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.claims, b.owner)
	}()
	ctx, cancel := context.WithCancel(context.WithValue(context.WithoutCancel(w.stopped), blockKey{}, b))
	defer cancel()
	b.cancel = cancel
	defer context.AfterFunc(w.stopped, b.close)()
	kind, why := w.read(ctx, b)
	if why == nil {
		kind, why = w.embed(ctx, b)
	}
	last, done := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer done()
	if err := w.settle(last, b); err != nil {
		w.end(err)
	}
	switch {
	case kind != "":
		w.pause(kind, why)
	case why != nil:
		w.end(why)
	case w.strikes.Load() > 0:
		w.wait(min(w.o.Wait<<min(w.strikes.Load(), 10), time.Minute))
	}
}

// read reads the texts of a block. An error stops the work, and with a kind pauses it for
// everybody.
func (w *work) read(ctx context.Context, b *block) (kind string, why error) {
	err := w.texts(ctx, b, 0, len(b.rows))
	if err == nil || ctx.Err() != nil {
		return "", nil // all is given back if the work stops
	}
	if kind, why = unreadable(err); why != nil {
		return kind, why
	}
	// Some row's values are not what the expression takes: find which.
	for i := range b.rows {
		r := &b.rows[i]
		if err = w.texts(ctx, b, i, i+1); err == nil {
			continue
		}
		if kind, why = unreadable(err); why != nil {
			return kind, why
		}
		r.end = reject
		r.err = &embedding.Error{Kind: embedding.Rejected, Code: state(err), Err: errors.New("the text expression fails for this row")}
	}
	return "", nil
}

// unreadable returns the error of rows that none can be read of, or nil if it may be of one row.
func unreadable(err error) (kind string, why error) {
	switch code := state(err); {
	case code == "" || passing(err):
		return "", problem("reading texts", err)
	case code[:2] == "42" || code[:2] == "3F":
		return "text", problem("the text of the rows no longer fits the table", err)
	}
	return "", nil
}

// texts reads the texts of some rows of a block, up to blockBytes.
func (w *work) texts(ctx context.Context, b *block, low, high int) error {
	t := w.t
	var keys []string
	for _, r := range b.rows[low:high] {
		keys = append(keys, r.key)
	}
	get := func(tx pgx.Tx) error {
		// The offset keeps the expression from rows that are not asked for, where it may fail.
		rows, err := tx.Query(ctx, fmt.Sprintf(`SELECT vecspace_k.n, s.pk IS NOT NULL, s.text, CASE WHEN t.space = $2 THEN t.text_hash END
			FROM unnest($1::text[]) WITH ORDINALITY vecspace_k(pk, n)
			LEFT JOIN LATERAL (SELECT %[1]s AS pk, %[2]s AS text FROM %[3]s AS %[4]s WHERE %[1]s = vecspace_k.pk::%[5]s OFFSET 0) s ON true
			LEFT JOIN %[6]s t ON t.pk = vecspace_k.pk::%[5]s`,
			t.m.key(), t.m.text(), t.m.source(), t.m.alias(), t.m.KeyType, t.name), keys, t.m.Space)
		if err != nil {
			return err
		}
		defer rows.Close()
		bytes := 0
		for rows.Next() {
			var n int
			var there bool
			var text *string
			var hash []byte
			if err := rows.Scan(&n, &there, &text, &hash); err != nil {
				return err
			}
			r := &b.rows[low+n-1]
			if text != nil && bytes > 0 && bytes+len(*text) > blockBytes {
				r.end, r.text = later, nil
				continue
			}
			r.there, r.text = there, text
			switch {
			case !there || text == nil || isBlank(*text):
				r.end = remove
			default:
				bytes += len(*text)
				if r.hash = hashOf(*text); string(r.hash) == string(hash) {
					r.end = keep
				} else {
					r.end = store
				}
			}
		}
		return rows.Err()
	}
	return endure(ctx, func() error { return t.reading(ctx, get) })
}

// embed embeds the rows of a block that are to be stored. It returns why the work has to be paused,
// if it has to.
func (w *work) embed(ctx context.Context, b *block) (kind string, why error) {
	var of []int // the row of each text
	var texts []string
	for i := range b.rows {
		r := &b.rows[i]
		if r.end != store {
			continue
		}
		if r.deaths >= lastDeath {
			r.end = reject
			r.err = &embedding.Error{Kind: embedding.Unknown, Code: "died",
				Err: fmt.Errorf("%d processes that worked on it ended without a word", r.deaths)}
			continue
		}
		of, texts = append(of, i), append(texts, *r.text)
	}
	if len(texts) == 0 {
		return "", nil
	}
	passed := w.passed.Load()
	res, err := w.chain.Embed(ctx, embedding.Request{Texts: texts})
	failed := map[int]error{}
	if p, ok := errors.AsType[*embedding.PartialError](err); ok {
		for _, f := range p.Failed {
			failed[f.Index] = f.Err
		}
	} else if err != nil {
		for n := range texts {
			failed[n] = err
		}
	}
	res = embedding.Salvage(res, err)
	good := 0
	var other error // that is no text's own
	for n, i := range of {
		r := &b.rows[i]
		err := failed[n]
		if err == nil {
			r.vector = res.Vectors[n]
			good++
			continue
		}
		r.err = err
		switch embedding.KindOf(err) {
		case embedding.Rejected, embedding.TooLarge:
			r.end = reject
			good++ // the provider answers
		case embedding.Auth:
			r.end, kind, why = later, "auth", err
		case embedding.Exhausted:
			r.end, kind, why = later, "money", err
		case embedding.Invalid:
			r.end, kind, why = later, "invalid", err
		default:
			r.end, other = again, err
		}
	}
	if good > 0 {
		w.passed.Add(1)
		w.strikes.Store(0)
	}
	if w.stopped.Err() != nil && other != nil { // it was not even asked
		for i := range b.rows {
			if r := &b.rows[i]; r.end == again {
				r.end = later
			}
		}
		return kind, why
	}
	if other == nil {
		return kind, why
	}
	if good > 0 || w.passed.Load() > passed {
		b.blame = 1
	}
	for i := range b.rows {
		if r := &b.rows[i]; r.end == again && r.attempt+b.blame >= lastAttempt {
			r.end = reject
		}
	}
	if good == 0 && w.strikes.Add(1) >= 3 && !w.o.Follow {
		w.end(fmt.Errorf("pgtable: three blocks of rows failed one after the other, and will be tried again by the next work: %w", other))
	}
	return kind, why
}

// settle stores what a block has come to: results, ends and costs are one transaction. Rows that a
// transaction of the application has locked are tried again after it.
func (w *work) settle(ctx context.Context, b *block) error {
	begin := time.Now()
	for {
		left := 0
		err := endure(ctx, func() (err error) {
			left, err = w.store(ctx, b)
			return err
		})
		if err != nil {
			return problem("storing vectors", err)
		}
		if left == 0 {
			return nil
		}
		if time.Since(begin) > settleFor {
			return nil // their lease ends
		}
		timer := time.NewTimer(50 * time.Millisecond)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

// store is settle once. It returns how many rows are still the block's and could not be settled,
// and leaves just these in it.
func (w *work) store(ctx context.Context, b *block) (left int, err error) {
	t, n := w.t, w.t.name
	var settled map[string]bool
	usage := b.spent(embedding.Usage{})
	err = pgx.BeginTxFunc(ctx, t.pool, brief, func(tx pgx.Tx) error {
		settled = map[string]bool{}
		lock := fmt.Sprintf("(SELECT pk FROM %s WHERE owner = $2 AND pk IN %s FOR UPDATE SKIP LOCKED)", n.with("_queue"), t.m.keys(1))
		for _, s := range []struct {
			which func(*row) bool
			sql   string
			more  []any
		}{
			{func(r *row) bool { return r.end > again }, "DELETE FROM %[1]s WHERE pk IN %[2]s RETURNING pk::text", nil},
			{endsAs(later), "UPDATE %[1]s SET owner = NULL, due = now() WHERE pk IN %[2]s RETURNING pk::text", nil},
			{endsAs(again), `UPDATE %[1]s SET owner = NULL, attempt = attempt + $3::int,
				due = now() + least($4::interval * 2 ^ least(attempt, 20), $5::interval) WHERE pk IN %[2]s RETURNING pk::text`,
				[]any{b.blame, w.o.Wait, lastPause}},
		} {
			keys := b.keys(s.which)
			if len(keys) == 0 {
				continue
			}
			rows, err := tx.Query(ctx, fmt.Sprintf(s.sql, n.with("_queue"), lock), append([]any{keys, b.owner}, s.more...)...)
			if err != nil {
				return err
			}
			got, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				return err
			}
			for _, key := range got {
				settled[key] = true
			}
		}
		return w.write(ctx, tx, b, settled, usage)
	})
	if err != nil {
		return 0, err
	}
	b.spent(usage)
	rest := b.rows[:0]
	for _, r := range b.rows {
		if !settled[r.key] {
			rest = append(rest, r)
		}
	}
	b.rows = rest
	if len(rest) == 0 {
		return 0, nil
	}
	err = t.pool.QueryRow(ctx, fmt.Sprintf("SELECT count(*) FROM %s WHERE owner = $1 AND pk IN %s", n.with("_queue"), t.m.keys(2)),
		b.owner, b.keys(func(*row) bool { return true })).Scan(&left)
	return left, err
}

// write writes the results of the rows that were settled.
func (w *work) write(ctx context.Context, tx pgx.Tx, b *block, settled map[string]bool, usage embedding.Usage) error {
	t, n := w.t, w.t.name
	var stored, gone, kept, failed, kinds, codes, messages []string
	var hashes [][]byte
	var numbers []float32
	for i := range b.rows {
		r := &b.rows[i]
		if !settled[r.key] {
			continue
		}
		switch r.end {
		case store:
			stored, hashes, numbers = append(stored, r.key), append(hashes, r.hash), append(numbers, r.vector...)
		case keep:
			kept = append(kept, r.key)
		case remove:
			gone = append(gone, r.key)
		case reject:
			kind, code, message := inWords(r.err)
			failed, kinds, codes, messages = append(failed, r.key), append(kinds, kind), append(codes, code), append(messages, message)
		}
	}
	if len(stored) > 0 {
		if _, err := tx.Exec(ctx, fmt.Sprintf(`INSERT INTO %[1]s (pk, space, text_hash, embedding)
			SELECT k::%[2]s, $3, h, ($4::real[])[(n - 1) * $5::int + 1 : n * $5::int]::%[3]s
			FROM unnest($1::text[], $2::bytea[]) WITH ORDINALITY u(k, h, n)
			ON CONFLICT (pk) DO UPDATE SET space = excluded.space, text_hash = excluded.text_hash, embedding = excluded.embedding`,
			n, t.m.KeyType, t.m.VectorType), stored, hashes, t.m.Space, numbers, t.m.Dimensions); err != nil {
			return err
		}
	}
	if out := append(append([]string{}, gone...), failed...); len(out) > 0 {
		if _, err := tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE pk IN %s", n, t.m.keys(1)), out); err != nil {
			return err
		}
	}
	if well := append(append(append([]string{}, stored...), kept...), gone...); len(well) > 0 {
		if _, err := tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE pk IN %s", n.with("_errors"), t.m.keys(1)), well); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		if _, err := tx.Exec(ctx, fmt.Sprintf(`INSERT INTO %[1]s (pk, kind, code, message)
			SELECT k::%[2]s, kind, code, message FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) u(k, kind, code, message)
			ON CONFLICT (pk) DO UPDATE SET kind = excluded.kind, code = excluded.code, message = excluded.message, at = now()`,
			n.with("_errors"), t.m.KeyType), failed, kinds, codes, messages); err != nil {
			return err
		}
	}
	dead := len(b.keys(func(r *row) bool { return r.dead && settled[r.key] }))
	_, err := tx.Exec(ctx, "UPDATE "+n.with("_workers")+` SET seen = now(), taken_over = taken_over + $7, embedded = embedded + $2, current = current + $3,
		removed = removed + $4, requests = requests + $5, tokens = tokens + $6 WHERE name = $1`,
		w.name, len(stored), len(kept), len(gone), usage.Requests, usage.Tokens, dead)
	return err
}

// inWords says an error of a text in kind, code and message, without NUL, which PostgreSQL lacks.
func inWords(err error) (kind, code, message string) {
	kind, message = embedding.KindOf(err).Error(), err.Error()
	if own, ok := errors.AsType[*embedding.Error](err); ok {
		code = own.Code
	}
	return kind, clean(code), clean(message)
}
