package pgtable

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"math"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/quantize"
)

// Copy writes the vectors of a finished job of files to a new table, by COPY, and returns how many
// there are. The table has the columns index (bigint, the primary key), id (text, if the job has
// ids) and embedding (vector, or halfvec if the job has float16). It is there whole or not at all,
// and one that is there already is an error. Create an index of the vectors afterwards.
//
// pgvector's extension must be installed in the database, or the user must be allowed to do it.
func Copy(ctx context.Context, pool *pgxpool.Pool, j *jobs.Job, into string) (rows int64, err error) {
	c := copier{ids: j.Manifest.Spec.Text.ID != "", half: j.Manifest.Spec.Output.DType == "float16"}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		i := initializer{ctx: ctx, tx: tx}
		if i.n, err = target(ctx, tx, into); err != nil {
			return err
		}
		var there bool
		if err := tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", i.n.String()).Scan(&there); err != nil {
			return problem("looking for tables", err)
		}
		if there {
			return fmt.Errorf("pgtable: there is a table %s already: drop it, or give another name", i.n)
		}
		if err := i.vector(); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, c.create(i, j.Manifest)); err != nil {
			return problem("creating the table of vectors", err)
		}
		next, stop := iter.Pull2(j.Vectors(ctx))
		defer stop()
		c.next = next
		tag, err := tx.Conn().PgConn().CopyFrom(ctx, &c, "COPY "+i.n.String()+" FROM STDIN BINARY")
		if c.err != nil {
			return c.err // what the server says of it is not why
		}
		if err != nil {
			return problem("copying the vectors", err)
		}
		rows = tag.RowsAffected()
		_, err = tx.Exec(ctx, "ALTER TABLE "+i.n.String()+" ADD PRIMARY KEY (index)")
		return problemIf("creating the primary key", err)
	})
	if err != nil && state(err) != "" && !strings.HasPrefix(err.Error(), "pgtable: ") {
		err = problem("copying the vectors", err)
	}
	if err != nil {
		return 0, err
	}
	return rows, nil
}

// copier is what COPY reads: rows in PostgreSQL's binary format.
type copier struct {
	ids, half bool
	next      func() (jobs.Record, error, bool)
	buf       []byte // not read yet
	all       []byte // whose end buf is
	halves    []uint16
	begun     bool
	ended     bool
	err       error // of the job, not of the server
}

func (c *copier) create(i initializer, m jobs.Manifest) string {
	id, kind := "", i.m.VectorType
	if c.ids {
		id = "id text NOT NULL, "
	}
	if c.half {
		kind = strings.TrimSuffix(kind, `"vector"`) + `"halfvec"` // of the same schema
	}
	return fmt.Sprintf("CREATE TABLE %[1]s (index bigint NOT NULL, %[2]sembedding %[3]s(%[4]d) NOT NULL); COMMENT ON TABLE %[1]s IS %[5]s",
		i.n, id, kind, m.Spec.Embedder.Dimensions, literal(clean(fmt.Sprintf("vectors of the space %s, of the vecspace job %s", m.Spec.Embedder.Space, m.ID))))
}

const (
	copyHead  = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00" // signature, flags, no extension
	copyEnd   = "\xff\xff"
	copyBlock = 64 << 10
)

// Read implements io.Reader.
func (c *copier) Read(p []byte) (int, error) {
	if len(c.buf) == 0 {
		if c.ended {
			return 0, io.EOF
		}
		if c.err = c.fill(); c.err != nil {
			return 0, c.err
		}
	}
	n := copy(p, c.buf)
	c.buf = c.buf[n:]
	return n, nil
}

// fill encodes some rows.
func (c *copier) fill() error {
	b := c.all[:0]
	if !c.begun {
		b, c.begun = append(b, copyHead...), true
	}
	for len(b) < copyBlock {
		r, err, more := c.next()
		if err != nil {
			return err
		}
		if !more {
			b, c.ended = append(b, copyEnd...), true
			break
		}
		if b, err = c.row(b, r); err != nil {
			return err
		}
	}
	c.all, c.buf = b, b
	return nil
}

// row appends a row: the number of columns, and each after its length.
func (c *copier) row(b []byte, r jobs.Record) ([]byte, error) {
	columns := uint16(2)
	if c.ids {
		columns = 3
	}
	b = binary.BigEndian.AppendUint16(b, columns)
	b = binary.BigEndian.AppendUint32(b, 8)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Index))
	if c.ids {
		b = binary.BigEndian.AppendUint32(b, uint32(len(r.ID)))
		b = append(b, r.ID...)
	}
	width := 4
	if c.half {
		width = 2
	}
	b = binary.BigEndian.AppendUint32(b, uint32(4+width*len(r.Vector)))
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.Vector)))
	b = binary.BigEndian.AppendUint16(b, 0)
	if !c.half {
		for _, x := range r.Vector {
			b = binary.BigEndian.AppendUint32(b, math.Float32bits(x))
		}
		return b, nil
	}
	var err error
	c.halves, err = quantize.AppendFloat16(c.halves[:0], r.Vector)
	for _, h := range c.halves {
		b = binary.BigEndian.AppendUint16(b, h)
	}
	return b, err
}
