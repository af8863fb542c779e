package migrate

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/tmc/langchaingo/schema"

	"github.com/vecspace/embedding/adapters/langchaingo/collection"
)

// PGVectorOptions repeats the options that langchaingo's pgvector store was opened with. The zero
// value means its defaults.
type PGVectorOptions struct {
	Collection      string // "" is "langchain"
	EmbeddingTable  string // "" is "langchain_pg_embedding"
	CollectionTable string // "" is "langchain_pg_collection"
	Page            int    // documents per query; 0 or less is 500
}

// PGVector reads a collection of langchaingo's pgvector store with any database/sql driver for
// PostgreSQL. If you use pgx, as that store does, db is stdlib.OpenDBFromPool(pool) or
// sql.Open("pgx", dsn) from github.com/jackc/pgx/v5/stdlib.
//
// Documents come in the order of their uuid, one query per page. Whole numbers in metadata become
// int64, others float64.
func PGVector(db *sql.DB, o PGVectorOptions) collection.ReadIndex {
	o.Collection = cmp.Or(o.Collection, "langchain")
	o.EmbeddingTable = cmp.Or(o.EmbeddingTable, "langchain_pg_embedding")
	o.CollectionTable = cmp.Or(o.CollectionTable, "langchain_pg_collection")
	if o.Page <= 0 {
		o.Page = 500
	}
	return pgCollection{db, o}
}

type pgCollection struct {
	db *sql.DB
	o  PGVectorOptions
}

func (c pgCollection) Describe(ctx context.Context) (collection.Description, error) {
	d := collection.Description{Name: fmt.Sprintf("the collection %q of pgvector's table %s", c.o.Collection, c.o.EmbeddingTable)}
	id, err := c.uuid(ctx)
	if err != nil || id == "" {
		return d, err
	}
	rows, err := c.db.QueryContext(ctx, fmt.Sprintf(`SELECT coalesce(vector_dims(embedding), 0), count(*) FROM %s
		WHERE collection_id = $1::uuid GROUP BY 1 ORDER BY 1`, c.o.EmbeddingTable), id)
	if err != nil {
		return d, fmt.Errorf("pgvector: %w", err)
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	for rows.Next() {
		var dims, n int
		if err := rows.Scan(&dims, &n); err != nil {
			return d, fmt.Errorf("pgvector: %w", err)
		}
		if dims > 0 {
			d.Dimensions = append(d.Dimensions, dims)
		}
		d.Documents += n
	}
	if err := rows.Err(); err != nil {
		return d, fmt.Errorf("pgvector: %w", err)
	}
	d.ID = "pgvector:" + id
	err = c.db.QueryRowContext(ctx, `SELECT greatest(atttypmod, 0) FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = 'embedding'`,
		c.o.EmbeddingTable).Scan(&d.Fixed)
	if err != nil {
		return d, fmt.Errorf("pgvector: %w", err)
	}
	d.Remedy = "use another table (pgvector.WithEmbeddingTableName, and PGVectorOptions.EmbeddingTable)"
	return d, nil
}

// uuid returns the collection's uuid, "" if there is no such collection or no such table.
func (c pgCollection) uuid(ctx context.Context) (string, error) {
	var there bool
	err := c.db.QueryRowContext(ctx, `SELECT to_regclass($1) IS NOT NULL AND to_regclass($2) IS NOT NULL`, c.o.CollectionTable, c.o.EmbeddingTable).Scan(&there)
	if err != nil {
		return "", fmt.Errorf("pgvector: %w", err)
	}
	if !there {
		return "", nil
	}
	var id string
	err = c.db.QueryRowContext(ctx, fmt.Sprintf(`SELECT uuid::text FROM %s WHERE name = $1`, c.o.CollectionTable), c.o.Collection).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("pgvector: %w", err)
	}
	return id, nil
}

func (c pgCollection) Documents(ctx context.Context, after string) iter.Seq2[collection.Document, error] {
	return func(yield func(collection.Document, error) bool) {
		id, err := c.uuid(ctx)
		if err != nil {
			yield(collection.Document{}, err)
			return
		}
		for id != "" {
			page, err := c.page(ctx, id, after)
			for _, d := range page {
				if !yield(d, nil) {
					return
				}
				after = d.Position
			}
			if err != nil {
				yield(collection.Document{}, fmt.Errorf("pgvector: %w", err))
			}
			if err != nil || len(page) < c.o.Page {
				return
			}
		}
	}
}

// page returns the documents after a uuid. The primary key serves the query.
func (c pgCollection) page(ctx context.Context, id, after string) ([]collection.Document, error) {
	where, args := "", []any{id, c.o.Page}
	if after != "" {
		where = "AND uuid > $3::uuid"
		args = append(args, after)
	}
	rows, err := c.db.QueryContext(ctx, fmt.Sprintf(`SELECT uuid::text, coalesce(document, ''), coalesce(cmetadata::text, '') FROM %s
		WHERE collection_id = $1::uuid %s ORDER BY uuid LIMIT $2`, c.o.EmbeddingTable, where), args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	var page []collection.Document
	for rows.Next() {
		var id, text, metadata string
		if err := rows.Scan(&id, &text, &metadata); err != nil {
			return page, err
		}
		m, err := parseMetadata([]byte(metadata))
		if err != nil {
			return page, fmt.Errorf("the metadata of the document %s: %w", id, err)
		}
		page = append(page, collection.Document{ID: id, Position: id, Document: schema.Document{PageContent: text, Metadata: m}})
	}
	return page, rows.Err()
}

// parseMetadata decodes a JSON object. Numbers keep all their digits if a Go type can hold them.
func parseMetadata(data []byte) (map[string]any, error) {
	if data = bytes.TrimSpace(data); len(data) == 0 || string(data) == "null" {
		return nil, nil
	}
	in := json.NewDecoder(bytes.NewReader(data))
	in.UseNumber()
	var m map[string]any
	if err := in.Decode(&m); err != nil {
		return nil, err
	}
	plain(m)
	return m, nil
}

// plain converts the numbers in v, which it edits in place if it is a map or a slice.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if !strings.ContainsAny(v.String(), ".eE") {
			if n, err := v.Int64(); err == nil {
				return n
			}
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String() // too large for a float64
	case map[string]any:
		for key, x := range v {
			v[key] = plain(x)
		}
	case []any:
		for i, x := range v {
			v[i] = plain(x)
		}
	}
	return v
}
