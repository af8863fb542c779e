package pgtable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vecspace/embedding"
)

// patience is how long Init and Drop wait for the locks that they need. Writers of the table queue
// up behind a wait, so it is short.
const patience = "10s"

// Init creates in one transaction what keeps the vectors of a table: tables and triggers, see the
// package. If they are there and are what spec and e ask for, it changes nothing. Another table,
// key, text or Space under the same name is an error that names both. It asks e for one vector if
// its dimensions are unknown; the vectors themselves are the matter of [Table.Work].
//
// The user needs the right to create triggers on the table and tables in the schema of Into.
// pgvector's extension must be installed in the database, or the user must be allowed to do it.
func Init(ctx context.Context, pool *pgxpool.Pool, spec Spec, e embedding.Embedder) (*Table, error) {
	e, err := embedding.Probe(ctx, embedding.Chain(e))
	if err != nil {
		return nil, err
	}
	model := e.Model()
	if model.Space == "" {
		return nil, errors.New("pgtable: the embedder's Space is unknown, so its vectors cannot be told from others: set its Space")
	}
	if strings.TrimSpace(spec.Text) == "" || strings.ContainsRune(spec.Text, 0) {
		return nil, errors.New("pgtable: the text is no SQL expression: write one such as title || ' ' || body")
	}
	var t *Table
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		i := initializer{ctx: ctx, tx: tx, spec: spec}
		i.m = manifest{
			Text: spec.Text, Reference: spec.Reference, Space: string(model.Space), Variant: model.Variant,
			Dimensions: model.Dimensions, Price: model.Price.PerMillion, Currency: model.Price.Currency,
		}
		t = &Table{pool: pool}
		err := i.run()
		t.name, t.m = i.n, i.m
		return err
	})
	if err != nil && state(err) != "" && !strings.HasPrefix(err.Error(), "pgtable: ") {
		err = problem("creating the tables", err)
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// initializer is one call of Init.
type initializer struct {
	ctx  context.Context
	tx   pgx.Tx
	spec Spec
	n    name
	m    manifest

	oid     uint32 // of the source
	collate string // of the key, in SQL
}

func (i *initializer) run() error {
	if _, err := i.tx.Exec(i.ctx, "SET LOCAL lock_timeout = '"+patience+"'"); err != nil {
		return err
	}
	var err error
	if i.n, err = target(i.ctx, i.tx, i.spec.Into); err != nil {
		return err
	}
	if _, err := i.tx.Exec(i.ctx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 7265))", "pgtable "+i.n.String()); err != nil {
		return problem("waiting for another process that creates "+i.n.String(), err)
	}
	for _, step := range []func() error{i.source, i.keyColumn, i.keyType} {
		if err := step(); err != nil {
			return err
		}
	}
	was, there, err := load(i.ctx, i.tx, i.n)
	if err != nil {
		return err
	}
	if there {
		if why := was.differs(i.m); why != "" {
			return fmt.Errorf("pgtable: %s has other vectors: %s: give what it was created with, or another name for the vectors", i.n, why)
		}
		if i.m = was; was.Reference == i.spec.Reference {
			return nil
		}
		i.m.Reference = i.spec.Reference
		data, err := json.Marshal(i.m)
		if err != nil {
			return err
		}
		_, err = i.tx.Exec(i.ctx, "UPDATE "+i.n.with("_state")+" SET spec = $1::json", string(data))
		return err
	}
	for _, step := range []func() error{i.free, i.text, i.vector, i.create} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// source finds the table.
func (i *initializer) source() error {
	if _, err := words(i.ctx, i.tx, "name of the table", i.spec.Table, 2); err != nil {
		return err
	}
	var kind string
	err := i.tx.QueryRow(i.ctx, `SELECT c.oid, n.nspname, c.relname, c.relkind::text FROM pg_class c
		JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)`, i.spec.Table).Scan(&i.oid, &i.m.Schema, &i.m.Table, &kind)
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("pgtable: there is no table %s: name its schema if it is not in the search_path", i.spec.Table)
	}
	if err != nil {
		return problem("finding the table", err)
	}
	if kind != "r" {
		return fmt.Errorf("pgtable: %s is not an ordinary table: a view has no triggers of its own, and those of a partitioned table miss "+
			"what happens to a partition", i.m.source())
	}
	return nil
}

// keyColumn finds the column that tells rows apart.
func (i *initializer) keyColumn() error {
	if i.spec.Key == "" {
		var columns []string
		err := i.tx.QueryRow(i.ctx, `SELECT array_agg(a.attname::text) FROM pg_index x JOIN pg_attribute a ON a.attrelid = x.indrelid
			AND a.attnum = ANY (x.indkey) WHERE x.indrelid = $1 AND x.indisprimary`, i.oid).Scan(&columns)
		switch {
		case err != nil:
			return problem("finding the primary key", err)
		case len(columns) == 0:
			return fmt.Errorf("pgtable: %s has no primary key: name a column that is unique and not null as the key, or add one: "+
				"ALTER TABLE %s ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", i.m.source(), i.m.source())
		case len(columns) > 1:
			return i.composite(columns)
		}
		i.m.Key = columns[0]
		return nil
	}
	parts, err := words(i.ctx, i.tx, "key", i.spec.Key, 1)
	if err != nil {
		return err
	}
	i.m.Key = parts[0]
	return nil
}

func (i *initializer) composite(columns []string) error {
	return fmt.Errorf("pgtable: the primary key of %s has the columns %s, and one that tells rows apart alone is needed: add it, and "+
		"name it as the key: ALTER TABLE %s ADD COLUMN row_id bigint GENERATED ALWAYS AS IDENTITY UNIQUE",
		i.m.source(), strings.Join(columns, ", "), i.m.source())
}

// keyType finds the type of the key, which must be unique and not null.
func (i *initializer) keyType() error {
	var path string
	if err := i.tx.QueryRow(i.ctx, `SELECT current_setting('search_path'), coalesce((SELECT string_agg(quote_ident(s), ', ')
		FROM unnest(current_schemas(false)) s), '')`).Scan(&path, &i.m.Path); err != nil {
		return problem("reading the search_path", err)
	}
	if i.m.Path += ", pg_temp"; strings.HasPrefix(i.m.Path, ",") {
		i.m.Path = "pg_temp"
	}
	set := "SELECT set_config('search_path', $1, true)"
	if _, err := i.tx.Exec(i.ctx, set, ""); err != nil { // types outside pg_catalog are named with their schema then
		return problem("setting the search_path", err)
	}
	var notNull, unique bool
	var collate *string
	err := i.tx.QueryRow(i.ctx, `SELECT format_type(a.atttypid, a.atttypmod), a.attnotnull, EXISTS (SELECT FROM pg_index x
			WHERE x.indrelid = a.attrelid AND x.indisunique AND x.indisvalid AND x.indimmediate AND x.indpred IS NULL
			AND x.indnkeyatts = 1 AND x.indkey[0] = a.attnum),
			(SELECT quote_ident(n.nspname) || '.' || quote_ident(c.collname) FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
			JOIN pg_type t ON t.oid = a.atttypid WHERE c.oid = a.attcollation AND a.attcollation <> t.typcollation)
		FROM pg_attribute a WHERE a.attrelid = $1 AND a.attname = $2 AND a.attnum > 0 AND NOT a.attisdropped`,
		i.oid, i.m.Key).Scan(&i.m.KeyType, &notNull, &unique, &collate)
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("pgtable: %s has no column %q", i.m.source(), i.m.Key)
	}
	if err != nil {
		return problem("reading the key", err)
	}
	if !notNull || !unique {
		return fmt.Errorf("pgtable: the column %q of %s is no key: it must be unique by itself and not null", i.m.Key, i.m.source())
	}
	if collate != nil {
		i.collate = " COLLATE " + *collate
	}
	_, err = i.tx.Exec(i.ctx, set, path)
	return err
}

// free returns an error if a table has one of the names.
func (i *initializer) free() error {
	for _, end := range append([]string{""}, ends...) {
		var there bool
		if err := i.tx.QueryRow(i.ctx, "SELECT to_regclass($1) IS NOT NULL", i.n.with(end)).Scan(&there); err != nil {
			return problem("looking for tables", err)
		}
		if there {
			return fmt.Errorf("pgtable: there is a table %s already, which is not of pgtable: give another name for the vectors", i.n.with(end))
		}
	}
	return nil
}

// text returns an error if the text is not an expression over the table's columns. An expression in
// WHERE has no aggregates. The statement runs in the extended protocol, so it is one.
func (i *initializer) text() error {
	rows, err := i.tx.Query(i.ctx, fmt.Sprintf("SELECT FROM %s AS %s WHERE %s IS NULL AND $1 LIMIT 0", i.m.source(), i.m.alias(), i.m.text()), true)
	if err == nil {
		rows.Close()
		err = rows.Err()
	}
	if err != nil {
		return problem("the text, an SQL expression over the columns of "+i.m.source(), err)
	}
	return nil
}

// vector finds pgvector's type.
func (i *initializer) vector() error {
	find := func() (err error) {
		var schema string
		err = i.tx.QueryRow(i.ctx, `SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
			WHERE e.extname = 'vector'`).Scan(&schema)
		i.m.VectorType = pgx.Identifier{schema, "vector"}.Sanitize()
		return err
	}
	err := find()
	if errors.Is(err, pgx.ErrNoRows) {
		if _, err := i.tx.Exec(i.ctx, "CREATE EXTENSION IF NOT EXISTS vector"); err != nil {
			return fmt.Errorf("pgtable: the database has no pgvector, and it cannot be installed: install it on the server, and let its "+
				"administrator call CREATE EXTENSION vector: %w", problem("creating the extension", err))
		}
		err = find()
	}
	if err != nil {
		return problem("finding pgvector", err)
	}
	return nil
}

// create creates tables, functions and triggers. The trigger comes last, because it waits for the
// table's writers and keeps them out. Whoever writes after it is noted; what was written before is
// seen by the walk through the table, which begins later.
func (i *initializer) create() error {
	data, err := json.Marshal(i.m)
	if err != nil {
		return err
	}
	r := strings.NewReplacer(
		"{target}", i.n.String(), "{queue}", i.n.with("_queue"), "{errors}", i.n.with("_errors"), "{state}", i.n.with("_state"),
		"{workers}", i.n.with("_workers"), "{notefn}", i.n.with("_note"),
		"{added}", i.n.trigger("_added"), "{changed}", i.n.trigger("_changed"), "{gone}", i.n.trigger("_gone"), "{emptied}", i.n.trigger("_emptied"),
		"{source}", i.m.source(), "{key}", i.m.key(), "{pk}", i.m.KeyType+i.collate, "{vector}", i.m.VectorType,
		"{dimensions}", fmt.Sprint(i.m.Dimensions), "{path}", i.m.Path, "{version}", fmt.Sprint(version), "{spec}", literal(string(data)),
		"{note body}", literal(noteBody(i.n, i.m)),
	)
	for _, statement := range strings.Split(tables, ";\n") {
		if _, err := i.tx.Exec(i.ctx, r.Replace(statement)); err != nil {
			return problem("creating what keeps the vectors of "+i.m.source(), err)
		}
	}
	return nil
}

// tables is what a set of vectors consists of. The queue is small and changes all the time, so it
// is vacuumed by the number of dead rows.
const tables = `CREATE TABLE {target} (pk {pk} PRIMARY KEY, space text NOT NULL, text_hash bytea NOT NULL,
	embedding {vector}({dimensions}) NOT NULL);
CREATE TABLE {queue} (pk {pk} PRIMARY KEY, due timestamptz NOT NULL DEFAULT now(), owner text,
	attempt int NOT NULL DEFAULT 0, deaths int NOT NULL DEFAULT 0)
	WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
CREATE INDEX ON {queue} (due);
CREATE TABLE {errors} (pk {pk} PRIMARY KEY, kind text NOT NULL, code text NOT NULL, message text NOT NULL,
	at timestamptz NOT NULL DEFAULT now());
CREATE TABLE {state} (one boolean PRIMARY KEY DEFAULT true CHECK (one), version int NOT NULL, spec json NOT NULL,
	position {pk}, filled boolean NOT NULL DEFAULT false, gone_position {pk}, swept boolean NOT NULL DEFAULT true,
	paused_kind text, paused_reason text, paused_at timestamptz);
CREATE TABLE {workers} (name text PRIMARY KEY, seen timestamptz NOT NULL DEFAULT now(), ended boolean NOT NULL DEFAULT false,
	embedded bigint NOT NULL DEFAULT 0, current bigint NOT NULL DEFAULT 0, removed bigint NOT NULL DEFAULT 0, taken_over bigint NOT NULL DEFAULT 0,
	requests bigint NOT NULL DEFAULT 0, tokens bigint NOT NULL DEFAULT 0);
INSERT INTO {state} (version, spec) VALUES ({version}, {spec});
CREATE FUNCTION {notefn}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = {path} AS {note body};
REVOKE ALL ON FUNCTION {notefn}() FROM PUBLIC;
CREATE TRIGGER {added} AFTER INSERT ON {source} REFERENCING NEW TABLE AS vecspace_new
	FOR EACH STATEMENT EXECUTE FUNCTION {notefn}();
CREATE TRIGGER {changed} AFTER UPDATE ON {source} REFERENCING OLD TABLE AS vecspace_old NEW TABLE AS vecspace_new
	FOR EACH STATEMENT EXECUTE FUNCTION {notefn}();
CREATE TRIGGER {gone} AFTER DELETE ON {source} REFERENCING OLD TABLE AS vecspace_old
	FOR EACH STATEMENT EXECUTE FUNCTION {notefn}();
CREATE TRIGGER {emptied} AFTER TRUNCATE ON {source} FOR EACH STATEMENT EXECUTE FUNCTION {notefn}()`

// noteBody is the function of the triggers. An expression that fails, as after a column was
// dropped, must not fail the application's write: all rows are noted, and the worker says what is
// wrong.
func noteBody(n name, m manifest) string {
	note := func(rows string) string {
		return fmt.Sprintf(`INSERT INTO %s AS q (pk) %s ON CONFLICT (pk)
      DO UPDATE SET owner = NULL, due = now(), attempt = 0, deaths = 0
      WHERE q.owner IS NOT NULL OR q.attempt > 0 OR q.deaths > 0 OR q.due > now();`, n.with("_queue"), rows)
	}
	texts := func(rows string) string {
		return fmt.Sprintf("(SELECT %s AS pk, %s AS text FROM %s AS %s)", m.key(), m.text(), rows, m.alias())
	}
	return fmt.Sprintf(`#variable_conflict use_column
BEGIN
  IF TG_OP = 'INSERT' THEN
    %[1]s
  ELSIF TG_OP = 'DELETE' THEN
    %[2]s
  ELSIF TG_OP = 'TRUNCATE' THEN
    UPDATE %[3]s SET swept = false, gone_position = NULL;
  ELSE
    BEGIN
      %[4]s
    EXCEPTION WHEN OTHERS THEN
      %[5]s
    END;
  END IF;
  RETURN NULL;
END`,
		note(fmt.Sprintf("SELECT DISTINCT %s FROM vecspace_new", m.key())),
		note(fmt.Sprintf("SELECT DISTINCT %s FROM vecspace_old", m.key())),
		n.with("_state"),
		note(fmt.Sprintf(`SELECT DISTINCT coalesce(o.pk, n.pk) FROM %s o FULL JOIN %s n ON o.pk = n.pk
      WHERE o.pk IS NULL OR n.pk IS NULL OR o.text IS DISTINCT FROM n.text`, texts("vecspace_old"), texts("vecspace_new"))),
		note(fmt.Sprintf("SELECT %[1]s FROM vecspace_old UNION SELECT %[1]s FROM vecspace_new", m.key())))
}
