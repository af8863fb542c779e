package pgtable

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// fill walks through the table and notes its rows, and after a TRUNCATE through the vectors, whose
// rows are gone. It stays ahead of the workers by at most aheadRows. One process walks at a time.
func (w *work) fill() {
	for w.stopped.Err() == nil {
		var more bool
		err := endure(w.stopped, func() (err error) {
			more, err = w.t.step(w.stopped, stepRows)
			return err
		})
		if err != nil {
			w.end(problem("noting the rows of the table", err))
			return
		}
		if !more {
			w.wait(w.o.Wait)
		}
	}
}

// step notes the next rows and reports whether it is worth to go on at once. It holds the row of
// the state, so that others leave it alone.
//
// The walk may meet a row that the application's transaction has just noted, and then waits for its
// end; that transaction may in turn wait for rows that the walk has noted. The walk gives up before
// PostgreSQL looks for deadlocks, so it is not the application that fails, and tries again.
func (t *Table) step(ctx context.Context, most int) (more bool, err error) {
	err = pgx.BeginTxFunc(ctx, t.pool, brief, func(tx pgx.Tx) error {
		var filled, swept bool
		err := tx.QueryRow(ctx, "SELECT filled, swept FROM "+t.name.with("_state")+" FOR UPDATE SKIP LOCKED").Scan(&filled, &swept)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && filled && swept {
			return nil
		}
		if err != nil {
			return err
		}
		var waiting int
		if err := tx.QueryRow(ctx, fmt.Sprintf("SELECT count(*) FROM (SELECT FROM %s LIMIT %d) q", t.name.with("_queue"), aheadRows)).
			Scan(&waiting); err != nil {
			return err
		}
		if most = min(most, aheadRows-waiting); most <= 0 {
			return nil
		}
		more = true
		if !swept {
			return t.walk(ctx, tx, t.name.String(), "pk", "gone_position", "swept",
				fmt.Sprintf("WHERE NOT EXISTS (SELECT FROM %s s WHERE s.%s = step.pk)", t.m.source(), t.m.key()), most)
		}
		return t.walk(ctx, tx, t.m.source(), t.m.key(), "position", "filled", "", most)
	})
	if state(err) == "55P03" {
		return false, nil // a transaction may be open for hours; the workers go on meanwhile
	}
	return more && err == nil, err
}

// walk notes the next rows of a table by their keys, those that hold where, and writes down how far
// it came and whether that was the end.
func (t *Table) walk(ctx context.Context, tx pgx.Tx, table, key, position, end, where string, most int) error {
	_, err := tx.Exec(ctx, fmt.Sprintf(`WITH step AS MATERIALIZED (SELECT k.%[2]s AS pk FROM %[1]s k, %[3]s p
			WHERE p.%[4]s IS NULL OR k.%[2]s > p.%[4]s ORDER BY k.%[2]s LIMIT $1),
		noted AS (INSERT INTO %[5]s (pk) SELECT pk FROM step %[6]s ON CONFLICT DO NOTHING)
		UPDATE %[3]s SET %[4]s = coalesce((SELECT pk FROM step ORDER BY pk DESC LIMIT 1), %[4]s), %[7]s = (SELECT count(*) FROM step) < $1`,
		table, key, t.name.with("_state"), position, t.name.with("_queue"), where, end), most)
	return err
}
