package pgtable

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Report is what [Table.Verify] has found.
type Report struct {
	Rows     int `json:"rows"`
	Vectors  int `json:"vectors"`  // rows whose vector is of their text
	Blank    int `json:"blank"`    // rows that have no text and no vector
	Rejected int `json:"rejected"` // rows in the table of errors
	Pending  int `json:"pending"`  // rows that are noted, which are not judged

	Missing  int      `json:"missing"`  // rows without a vector
	Stale    int      `json:"stale"`    // rows whose vector is of another text
	Extra    int      `json:"extra"`    // vectors without a row or a text
	Problems []string `json:"problems"` // the first twenty of these, by their keys
}

// OK reports whether all is as it should be, and nothing is left to do.
func (r Report) OK() bool { return r.Pending+r.Missing+r.Stale+r.Extra == 0 }

// String says what was found, a line for each problem.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d rows: %d vectors are of their text, %d rows have none, %d are rejected, %d are noted and not judged\n",
		r.Rows, r.Vectors, r.Blank, r.Rejected, r.Pending)
	fmt.Fprintf(&b, "%d vectors are missing, %d of another text, %d too many\n", r.Missing, r.Stale, r.Extra)
	for _, p := range r.Problems {
		b.WriteString(p + "\n")
	}
	return b.String()
}

// Verify reads the whole table and compares each row's text with the hash beside its vector. It
// sees one moment of all tables, and changes nothing. [Table.Retry] with all mends what it finds.
func (t *Table) Verify(ctx context.Context) (r Report, err error) {
	err = t.reading(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, fmt.Sprintf(`SELECT coalesce(s.pk, t.pk)::text, s.pk IS NOT NULL, t.text_hash, t.space = $1, e.pk IS NOT NULL,
				q.pk IS NOT NULL, CASE WHEN q.pk IS NULL THEN s.text END
			FROM (SELECT %[1]s AS pk, %[2]s AS text FROM %[3]s AS %[4]s) s FULL JOIN %[5]s t ON t.pk = s.pk
			LEFT JOIN %[6]s q ON q.pk = coalesce(s.pk, t.pk) LEFT JOIN %[7]s e ON e.pk = coalesce(s.pk, t.pk)`,
			t.m.key(), t.m.text(), t.m.source(), t.m.alias(), t.name, t.name.with("_queue"), t.name.with("_errors")), t.m.Space)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var v verdict
			if err := rows.Scan(&v.key, &v.there, &v.hash, &v.space, &v.failed, &v.noted, &v.text); err != nil {
				return err
			}
			r.add(v)
		}
		return rows.Err()
	})
	return r, problemIf("reading the table", err)
}

// verdict is what is known of a row, a vector, or both.
type verdict struct {
	key                  string
	there, failed, noted bool
	hash                 []byte // nil: there is no vector
	space                *bool
	text                 *string
}

// add judges a row.
func (r *Report) add(v verdict) {
	if v.there {
		r.Rows++
	}
	has, blank := v.hash != nil, v.text == nil || isBlank(*v.text)
	what := ""
	switch {
	case v.noted:
		r.Pending++
	case has && blank:
		r.Extra++
		what = "a vector without a row or a text"
	case blank:
		r.Blank++
	case has && *v.space && string(v.hash) == string(hashOf(*v.text)):
		r.Vectors++
	case has:
		r.Stale++
		what = "the vector is of another text"
	case v.failed:
		r.Rejected++
	default:
		r.Missing++
		what = "no vector"
	}
	if what != "" && len(r.Problems) < 20 {
		r.Problems = append(r.Problems, v.key+": "+what)
	}
}

// hashOf returns the SHA-256 of a text in UTF-8.
func hashOf(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

func isBlank(text string) bool { return strings.TrimSpace(text) == "" }
