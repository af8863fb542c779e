package pgtable

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/vecspace/embedding"
)

// Spec says which vectors of which table are kept.
type Spec struct {
	Table string // as in SQL, with a schema or without
	// Key is a column that is unique and not null, of any type. "" means the primary key.
	Key string
	// Text is an SQL expression over the table's columns, such as title || ' ' || body. A row for
	// which it is NULL or blank has no vector. Changes of other tables that it reads go unnoticed.
	Text string
	// Into names the table with the vectors, which Init creates. With another name and another
	// model the same table has two sets of vectors, both up to date.
	Into string
	// Reference is how [providers.Open] opens the Embedder in other processes; it holds no key. It
	// may be "".
	Reference string
}

// version is that of the tables.
const version = 1

// manifest is what the table NAME_state says of the vectors. It changes no more, but for Reference.
type manifest struct {
	Schema     string  `json:"schema"` // of the source
	Table      string  `json:"table"`
	Key        string  `json:"key"`
	KeyType    string  `json:"key_type"` // in SQL
	Text       string  `json:"text"`
	Path       string  `json:"path"`        // search_path in SQL, in which Text is meant
	VectorType string  `json:"vector_type"` // in SQL
	Reference  string  `json:"reference"`
	Space      string  `json:"space"`
	Variant    string  `json:"variant"`
	Dimensions int     `json:"dimensions"`
	Price      float64 `json:"price"` // of a million tokens
	Currency   string  `json:"currency"`
}

func (m manifest) source() string { return pgx.Identifier{m.Schema, m.Table}.Sanitize() }
func (m manifest) key() string    { return pgx.Identifier{m.Key}.Sanitize() }

// text is the text of a row of what is called alias. A comment in it ends with the line.
func (m manifest) text() string  { return "((" + m.Text + "\n)::text)" }
func (m manifest) alias() string { return pgx.Identifier{m.Table}.Sanitize() }

// keys is the list of keys that the parameter n has as text. A cast of the whole array would not do
// for keys that are arrays.
func (m manifest) keys(n int) string {
	return fmt.Sprintf("(SELECT k::%s FROM unnest($%d::text[]) k)", m.KeyType, n)
}

// differs says in which way a call wants other vectors than those that are kept, or "".
func (m manifest) differs(o manifest) string {
	for _, pair := range [][3]string{
		{"table", m.source(), o.source()},
		{"key", m.Key, o.Key},
		{"type of the key", m.KeyType, o.KeyType},
		{"text", m.Text, o.Text},
		{"space", m.Space, o.Space},
		{"variant", m.Variant, o.Variant},
	} {
		if pair[1] != pair[2] {
			return fmt.Sprintf("its %s is %q, and this one's is %q", pair[0], pair[1], pair[2])
		}
	}
	return ""
}

// fits returns an error if the vectors of a model do not belong to these.
func (m manifest) fits(into string, model embedding.Model) error {
	if string(model.Space) == m.Space && model.Variant == m.Variant && model.Dimensions == m.Dimensions {
		return nil
	}
	return fmt.Errorf("pgtable: %s has vectors of the space %s (variant %q), and the embedder's are of %s (variant %q): "+
		"give it the same embedder, or keep the other vectors in a table of their own", into, m.Space, m.Variant, model.Space, model.Variant)
}

// name is the name of the table with the vectors, which begins those of the others.
type name struct{ schema, base string }

func (n name) String() string         { return n.with("") }
func (n name) with(end string) string { return pgx.Identifier{n.schema, n.base + end}.Sanitize() }

// trigger is a name without a schema, which those of triggers lack.
func (n name) trigger(end string) string { return pgx.Identifier{n.base + end}.Sanitize() }

// triggers are the ends of their names.
var triggers = []string{"_added", "_changed", "_gone", "_emptied"}

// ends are what follows the name of the table with the vectors.
var ends = []string{"_queue", "_errors", "_state", "_workers"}

const (
	longest    = 63 // bytes of a name in PostgreSQL
	longestEnd = len("_workers")
)

// querier is a pool, a connection or a transaction.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// words splits a name as SQL does, into at most so many parts.
func words(ctx context.Context, q querier, what, said string, most int) (parts []string, err error) {
	if said == "" || strings.ContainsRune(said, 0) {
		return nil, fmt.Errorf("pgtable: the %s %q is no name in SQL: a name is not empty and has no NUL", what, said)
	}
	if err := q.QueryRow(ctx, "SELECT parse_ident($1)", said).Scan(&parts); err != nil {
		if _, ok := errors.AsType[*pgconn.PgError](err); ok {
			return nil, fmt.Errorf("pgtable: the %s %q is no name in SQL: write one with other characters than letters, "+
				"digits and _ in double quotes", what, said)
		}
		return nil, problem("reading a name", err)
	}
	if len(parts) > most {
		return nil, fmt.Errorf("pgtable: the %s %q has %d parts, and at most %d are possible", what, said, len(parts), most)
	}
	for _, p := range parts {
		if len(p) > longest {
			return nil, fmt.Errorf("pgtable: the %s %q is longer than PostgreSQL's %d bytes", what, said, longest)
		}
	}
	return parts, nil
}

// target reads the name of the table with the vectors.
func target(ctx context.Context, q querier, into string) (n name, err error) {
	parts, err := words(ctx, q, "name of the table of vectors", into, 2)
	if err != nil {
		return n, err
	}
	n.base = parts[len(parts)-1]
	if most := longest - longestEnd; len(n.base) > most {
		return n, fmt.Errorf("pgtable: %q is longer than %d bytes, and other tables' names begin with it", n.base, most)
	}
	if len(parts) == 2 {
		n.schema = parts[0]
		return n, nil
	}
	var schema *string
	if err := q.QueryRow(ctx, "SELECT current_schema()").Scan(&schema); err != nil {
		return n, problem("reading the schema", err)
	}
	if schema == nil {
		return n, fmt.Errorf("pgtable: there is no schema for %q: write one before it, as in public.%s", into, into)
	}
	n.schema = *schema
	return n, nil
}

// problem is an error of the database. It quotes no values of the table.
func problem(doing string, err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return fmt.Errorf("pgtable: %s: %w", doing, err)
	}
	switch class := e.Code[:2]; {
	case e.Code == "42501":
		return fmt.Errorf("pgtable: %s: PostgreSQL does not allow it: %w", doing, quiet{e})
	case e.Code == "55P03":
		return fmt.Errorf("pgtable: %s: a transaction has the table locked: try again when it has ended: %w", doing, quiet{e})
	case class == "42" || class == "28" || class == "57" || class == "53" || class == "55" || class == "3F" || class == "2B":
		return fmt.Errorf("pgtable: %s: %w", doing, quiet{e})
	}
	return fmt.Errorf("pgtable: %s: %w", doing, mute{e})
}

func problemIf(doing string, err error) error {
	if err == nil {
		return nil
	}
	return problem(doing, err)
}

// quiet is an error whose message names objects and no values. It leaves out the details.
type quiet struct{ err *pgconn.PgError }

func (q quiet) Error() string { return fmt.Sprintf("%s (SQLSTATE %s)", q.err.Message, q.err.Code) }
func (q quiet) Unwrap() error { return q.err }

// mute is an error whose message may quote a value of the table.
type mute struct{ err *pgconn.PgError }

func (m mute) Error() string {
	return fmt.Sprintf("SQLSTATE %s; the server's log has the message", m.err.Code)
}
func (m mute) Unwrap() error { return m.err }

// state returns the SQLSTATE of an error of the database, or "".
func state(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// literal is a string as SQL writes it, whatever the server takes backslashes for.
func literal(s string) string {
	s = strings.ReplaceAll(s, "'", "''")
	if strings.Contains(s, `\`) {
		return " E'" + strings.ReplaceAll(s, `\`, `\\`) + "'"
	}
	return "'" + s + "'"
}

// clean returns words as PostgreSQL takes them.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "?")
}
