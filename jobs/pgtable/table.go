package pgtable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Table is a set of vectors of a table. It is safe for concurrent use.
type Table struct {
	pool *pgxpool.Pool
	name name
	m    manifest
}

// Open returns the vectors that [Init] has created under a name.
func Open(ctx context.Context, pool *pgxpool.Pool, into string) (*Table, error) {
	t := &Table{pool: pool}
	var err error
	if t.name, err = target(ctx, pool, into); err != nil {
		return nil, err
	}
	var there bool
	if t.m, there, err = load(ctx, pool, t.name); err != nil {
		return nil, err
	}
	if !there {
		return nil, fmt.Errorf("pgtable: nobody keeps vectors in %s: Init creates it", t.name)
	}
	return t, nil
}

// reading calls f in a transaction that changes nothing, in which the text expression means what it
// meant to Init. A policy that hides rows is an error: they would count as gone.
func (t *Table) reading(ctx context.Context, f func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, t.pool, pgx.TxOptions{BeginQuery: "BEGIN READ ONLY; SET LOCAL row_security = off; SET LOCAL search_path = " + t.m.Path}, f)
}

// load reads what is kept under a name, if anything is.
func load(ctx context.Context, q querier, n name) (m manifest, there bool, err error) {
	if err := q.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", n.with("_state")).Scan(&there); err != nil || !there {
		if err != nil {
			err = problem("looking for "+n.String(), err)
		}
		return m, false, err
	}
	var of int
	var data string
	if err := q.QueryRow(ctx, "SELECT version, spec::text FROM "+n.with("_state")).Scan(&of, &data); err != nil {
		return m, false, problem("reading "+n.with("_state"), err)
	}
	if of != version {
		return m, false, fmt.Errorf("pgtable: %s is of version %d, and this program knows %d: use the program that created it", n, of, version)
	}
	if err := json.Unmarshal([]byte(data), &m); err != nil {
		return m, false, fmt.Errorf("pgtable: %s is damaged: %w", n.with("_state"), err)
	}
	return m, true, nil
}

// Reference returns how the Embedder is opened, as the Spec said.
func (t *Table) Reference() string { return t.m.Reference }

// Pause is why nobody works on the vectors.
type Pause struct {
	Kind   string    `json:"kind"` // asked, auth, money, invalid, text
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// Paused is the error of work that is paused.
type Paused struct {
	Table string
	Pause
}

// Error says why the work is paused.
func (p *Paused) Error() string {
	return fmt.Sprintf("pgtable: the work on %s is paused (%s): %s", p.Table, p.Kind, p.Reason)
}

// Pause stops the work in all processes until Resume; requests that are under way are waited for.
// Of two reasons the first stays. Changes of the table are noted all the same.
func (t *Table) Pause(ctx context.Context, kind, reason string) error {
	_, err := t.pool.Exec(ctx, "UPDATE "+t.name.with("_state")+` SET paused_kind = $1, paused_reason = $2, paused_at = now()
		WHERE paused_kind IS NULL`, kind, clean(reason))
	if err != nil {
		return problem("pausing", err)
	}
	return nil
}

// Resume takes back a Pause, and reports whether there was one. Let it Work again afterwards.
func (t *Table) Resume(ctx context.Context) (bool, error) {
	tag, err := t.pool.Exec(ctx, "UPDATE "+t.name.with("_state")+` SET paused_kind = NULL, paused_reason = NULL, paused_at = NULL
		WHERE paused_kind IS NOT NULL`)
	if err != nil {
		return false, problem("resuming", err)
	}
	return tag.RowsAffected() > 0, nil
}

// paused returns why the work is paused, or nil.
func (t *Table) paused(ctx context.Context) (*Pause, error) {
	var p Pause
	err := t.pool.QueryRow(ctx, "SELECT paused_kind, paused_reason, paused_at FROM "+t.name.with("_state")+" WHERE paused_kind IS NOT NULL").
		Scan(&p.Kind, &p.Reason, &p.At)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, problem("reading "+t.name.with("_state"), err)
	}
	return &p, nil
}

// Retry notes the rows whose text has no vector because of an error, and returns how many there
// are. With all it also has every row and every vector looked at again, which mends what happened
// while the triggers were off; only texts without their vector cost something.
func (t *Table) Retry(ctx context.Context, all bool) (n int, err error) {
	err = pgx.BeginFunc(ctx, t.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, fmt.Sprintf(`WITH gone AS (DELETE FROM %s RETURNING pk)
			INSERT INTO %s (pk) SELECT pk FROM gone ON CONFLICT DO NOTHING`, t.name.with("_errors"), t.name.with("_queue")))
		if err != nil || !all {
			n = int(tag.RowsAffected())
			return err
		}
		n = int(tag.RowsAffected())
		_, err = tx.Exec(ctx, "UPDATE "+t.name.with("_state")+" SET filled = false, position = NULL, swept = false, gone_position = NULL")
		return err
	})
	if err != nil {
		return 0, problem("noting rows again", err)
	}
	return n, nil
}

// Drop removes the triggers and all that Init created, but for the table of the vectors if
// keepVectors is set. The source stays as it is.
func (t *Table) Drop(ctx context.Context, keepVectors bool) error {
	n := t.name
	statements := []string{"SET LOCAL lock_timeout = '" + patience + "'"}
	for _, end := range triggers {
		statements = append(statements, fmt.Sprintf("DROP TRIGGER IF EXISTS %s ON %s", n.trigger(end), t.m.source()))
	}
	statements = append(statements, fmt.Sprintf("DROP FUNCTION IF EXISTS %s()", n.with("_note")))
	for _, end := range ends {
		statements = append(statements, "DROP TABLE IF EXISTS "+n.with(end))
	}
	if !keepVectors {
		statements = append(statements, "DROP TABLE IF EXISTS "+n.String())
	}
	err := pgx.BeginFunc(ctx, t.pool, func(tx pgx.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return problem("removing "+n.String(), err)
	}
	return nil
}

// Status is how far the work on a table is.
type Status struct {
	Into  string `json:"into"`
	State string `json:"state"` // running, paused, waiting (rows and nobody at work) or current
	// Rows is about how many rows the table has, by PostgreSQL's statistics; -1 if it has none yet.
	Rows    int  `json:"rows"`
	Filled  bool `json:"filled"`  // the first walk through the table has noted every row
	Queued  int  `json:"queued"`  // rows that are noted, at most CountedTo
	Claimed int  `json:"claimed"` // of these, rows that a process works on
	Late    int  `json:"late"`    // of these, rows that wait after a failure

	Embedded int `json:"embedded"` // vectors stored since Init, a row each time
	Current  int `json:"current"`  // rows whose vector was there already
	Removed  int `json:"removed"`  // rows that were gone or without a text
	Rejected int `json:"rejected"` // rows in the table of errors now

	Requests int     `json:"requests"` // after a kill, requests, tokens and cost are lower bounds
	Tokens   int     `json:"tokens"`
	Cost     float64 `json:"cost"`
	Currency string  `json:"currency"` // "": the price is not known, or there is none
	AtLeast  bool    `json:"at_least"` // a process ended without a word: it may have paid for more

	Workers []string `json:"workers"` // that gave a sign of life in the last minute
	Pause   *Pause   `json:"pause,omitempty"`
}

// CountedTo is the number of rows of the queue up to which [Table.Status] counts.
const CountedTo = 300_000

// Status returns how far the work is. It reads counters and the queue, and not the table.
func (t *Table) Status(ctx context.Context) (Status, error) {
	s := Status{Into: t.name.String(), Currency: t.m.Currency}
	var err error
	if s.Pause, err = t.paused(ctx); err != nil {
		return s, err
	}
	var swept bool
	err = t.pool.QueryRow(ctx, fmt.Sprintf(`SELECT coalesce((SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass($1)), -1),
			s.filled, s.swept, (SELECT count(*) FROM %s), q.*, w.*
		FROM %s s,
		(SELECT count(*), count(*) FILTER (WHERE owner IS NOT NULL AND due > now()), count(*) FILTER (WHERE owner IS NULL AND due > now())
			FROM (SELECT owner, due FROM %s LIMIT %d)) q,
		(SELECT coalesce(sum(embedded), 0)::bigint, coalesce(sum(current), 0)::bigint, coalesce(sum(removed), 0)::bigint,
			coalesce(sum(requests), 0)::bigint, coalesce(sum(tokens), 0)::bigint,
			coalesce(bool_or(taken_over > 0 OR NOT ended AND seen < now() - interval '1 minute'), false),
			coalesce(array_agg(name ORDER BY name) FILTER (WHERE NOT ended AND seen > now() - interval '1 minute'), '{}') FROM %s) w`,
		t.name.with("_errors"), t.name.with("_state"), t.name.with("_queue"), CountedTo, t.name.with("_workers")), t.m.source()).
		Scan(&s.Rows, &s.Filled, &swept, &s.Rejected, &s.Queued, &s.Claimed, &s.Late,
			&s.Embedded, &s.Current, &s.Removed, &s.Requests, &s.Tokens, &s.AtLeast, &s.Workers)
	if err != nil {
		return s, problem("reading the status", err)
	}
	s.Cost = float64(s.Tokens) / 1e6 * t.m.Price
	switch {
	case s.Pause != nil:
		s.State = "paused"
	case s.Filled && swept && s.Queued == 0:
		s.State = "current"
	case len(s.Workers) > 0:
		s.State = "running"
	default:
		s.State = "waiting"
	}
	return s, nil
}

// String says the status in a few lines.
func (s Status) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, %d rows noted", s.Into, s.State, s.Queued)
	if s.Queued >= CountedTo {
		b.WriteString(" or more")
	}
	if s.Claimed+s.Late > 0 {
		fmt.Fprintf(&b, " (%d at work, %d wait after a failure)", s.Claimed, s.Late)
	}
	if !s.Filled {
		b.WriteString(", and the first walk through the table goes on")
	}
	fmt.Fprintf(&b, "\n  vectors stored %d, there already %d, removed or blank %d, rejected %d", s.Embedded, s.Current, s.Removed, s.Rejected)
	if s.Rows >= 0 {
		fmt.Fprintf(&b, "; the table has about %d rows", s.Rows)
	}
	b.WriteString("\n")
	if s.Requests > 0 {
		b.WriteString("  ")
		if s.AtLeast {
			b.WriteString("at least ")
		}
		fmt.Fprintf(&b, "%d requests, %d tokens", s.Requests, s.Tokens)
		if s.Currency != "" {
			fmt.Fprintf(&b, ", %.4f %s", s.Cost, s.Currency)
		}
		b.WriteString("\n")
	}
	if len(s.Workers) > 0 {
		fmt.Fprintf(&b, "  processes %s\n", strings.Join(s.Workers, ", "))
	}
	if s.Pause != nil {
		fmt.Fprintf(&b, "  paused (%s): %s\n", s.Pause.Kind, s.Pause.Reason)
	}
	return b.String()
}
