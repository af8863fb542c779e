package migrate

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/vecspace/embedding/adapters/langchaingo/collection"
)

// List reads no texts.
func (c pgCollection) List(ctx context.Context) iter.Seq2[collection.Entry, error] {
	return func(yield func(collection.Entry, error) bool) {
		id, err := c.uuid(ctx)
		if err == nil && id != "" {
			err = c.list(ctx, id, yield)
		}
		if err != nil {
			yield(collection.Entry{}, err)
		}
	}
}

// list yields an Entry per document until yield returns false. A page is one query, so that no
// connection is held while the caller works.
func (c pgCollection) list(ctx context.Context, id string, yield func(collection.Entry, error) bool) error {
	for after := "00000000-0000-0000-0000-000000000000"; ; {
		page, err := c.entries(ctx, id, after)
		if err != nil {
			return fmt.Errorf("pgvector: %w", err)
		}
		for _, at := range page {
			if !yield(at, nil) {
				return nil
			}
			after = at.ID
		}
		if len(page) < c.o.Page {
			return nil
		}
	}
}

func (c pgCollection) entries(ctx context.Context, id, after string) ([]collection.Entry, error) {
	rows, err := c.db.QueryContext(ctx, fmt.Sprintf(`SELECT uuid::text, coalesce(cmetadata->>'%s', ''), coalesce(cmetadata->>'%s', '') FROM %s
		WHERE collection_id = $1::uuid AND uuid > $2::uuid ORDER BY uuid LIMIT $3`, collection.HashKey, collection.SourceKey, c.o.EmbeddingTable), id, after, c.o.Page)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	var page []collection.Entry
	for rows.Next() {
		var at collection.Entry
		if err := rows.Scan(&at.ID, &at.Hash, &at.Source); err != nil {
			return nil, err
		}
		page = append(page, at)
	}
	return page, rows.Err()
}

// in is the condition that a uuid is among IDs, which are one parameter: database/sql knows no
// lists, and a list of parameters has an end.
const in = `collection_id = $1::uuid AND uuid IN (SELECT value::uuid FROM jsonb_array_elements_text($2::jsonb))`

func (c pgCollection) Vectors(ctx context.Context, ids []string) (map[string][]float32, error) {
	out := make(map[string][]float32, len(ids))
	id, list, err := c.these(ctx, ids)
	if err != nil || id == "" {
		return out, err
	}
	rows, err := c.db.QueryContext(ctx, fmt.Sprintf(`SELECT uuid::text, embedding::text FROM %s WHERE embedding IS NOT NULL AND %s`, c.o.EmbeddingTable, in), id, list)
	if err != nil {
		return nil, fmt.Errorf("pgvector: %w", err)
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	for rows.Next() {
		var one, form string
		var v []float32
		if err := rows.Scan(&one, &form); err != nil {
			return nil, fmt.Errorf("pgvector: %w", err)
		}
		if err := json.Unmarshal([]byte(form), &v); err != nil {
			return nil, fmt.Errorf("pgvector: the vector of the document %s: %w", one, err)
		}
		out[one] = v
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("pgvector: %w", err)
	}
	return out, nil
}

func (c pgCollection) Delete(ctx context.Context, ids []string) error {
	id, list, err := c.these(ctx, ids)
	if err != nil || id == "" {
		return err
	}
	if _, err := c.db.ExecContext(ctx, fmt.Sprintf(`DELETE FROM %s WHERE %s`, c.o.EmbeddingTable, in), id, list); err != nil {
		return fmt.Errorf("pgvector: %w", err)
	}
	return nil
}

// these returns the collection's uuid, "" if there is nothing to look for, and ids as JSON.
func (c pgCollection) these(ctx context.Context, ids []string) (id, list string, err error) {
	if len(ids) == 0 {
		return "", "", ctx.Err()
	}
	data, err := json.Marshal(ids)
	if err != nil {
		return "", "", err
	}
	id, err = c.uuid(ctx)
	return id, string(data), err
}

func (c chroma) List(ctx context.Context) iter.Seq2[collection.Entry, error] {
	return func(yield func(collection.Entry, error) bool) {
		at, err := c.find(ctx)
		if err != nil {
			yield(collection.Entry{}, err)
			return
		}
		for n := 0; at.id != ""; {
			var got chromaGot
			err := c.get(ctx, at, map[string]any{"limit": c.o.Page, "offset": n, "include": []string{"metadatas"}}, &got)
			if err == nil && len(got.Metadatas) != len(got.IDs) {
				err = fmt.Errorf("chroma at %s: %d metadata for %d ids", c.host(), len(got.Metadatas), len(got.IDs))
			}
			if err != nil {
				yield(collection.Entry{}, err)
				return
			}
			for i, id := range got.IDs {
				if !yield(collection.EntryOf(id, got.Metadatas[i]), nil) {
					return
				}
			}
			if n += len(got.IDs); len(got.IDs) < c.o.Page {
				return
			}
		}
	}
}

type chromaGot struct {
	IDs        []string         `json:"ids"`
	Metadatas  []map[string]any `json:"metadatas"`
	Embeddings [][]float32      `json:"embeddings"`
}

func (c chroma) get(ctx context.Context, at chromaAt, ask map[string]any, got *chromaGot) error {
	body, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	return c.call(ctx, http.MethodPost, at.path("get"), body, got)
}

func (c chroma) Vectors(ctx context.Context, ids []string) (map[string][]float32, error) {
	out := make(map[string][]float32, len(ids))
	at, err := c.find(ctx)
	if err != nil || at.id == "" || len(ids) == 0 {
		return out, err
	}
	for part := range slices.Chunk(ids, c.o.Page) {
		var got chromaGot
		if err := c.get(ctx, at, map[string]any{"ids": part, "include": []string{"embeddings"}}, &got); err != nil {
			return nil, err
		}
		if len(got.Embeddings) != len(got.IDs) {
			return nil, fmt.Errorf("chroma at %s: %d vectors for %d ids", c.host(), len(got.Embeddings), len(got.IDs))
		}
		for i, id := range got.IDs {
			out[id] = got.Embeddings[i]
		}
	}
	return out, nil
}

// Delete sends no request without ids, which Chroma would take for all documents.
func (c chroma) Delete(ctx context.Context, ids []string) error {
	at, err := c.find(ctx)
	if err != nil || at.id == "" {
		return err
	}
	for part := range slices.Chunk(ids, c.o.Page) {
		body, err := json.Marshal(map[string]any{"ids": part})
		if err != nil {
			return err
		}
		if err := c.call(ctx, http.MethodPost, at.path("delete"), body, nil); err != nil && !strings.Contains(err.Error(), "does not exist") {
			return err
		}
	}
	return nil
}
