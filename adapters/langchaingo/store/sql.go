package store

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tmc/langchaingo/vectorstores"
)

// langchaingo's pgvector puts names and filters between the quotes of its SQL as they are:
//
//	WHERE c.name='NAME') AS data WHERE (data.cmetadata ->> 'KEY') = 'VALUE'
//
// So the guard gives it a NAME and a KEY that end the quote, say what is meant, and begin another.
// What a caller says is in them as hexadecimal digits alone, whatever the server's settings.

// literal returns SQL for a text.
func literal(text string) string {
	return "convert_from(decode('" + hex.EncodeToString([]byte(text)) + "', 'hex'), 'UTF8')"
}

var plain = regexp.MustCompile(`^[A-Za-z0-9_.:/ @-]*$`)

// quoted returns a name space as pgvector must be given it.
func quoted(name string) string {
	if plain.MatchString(name) {
		return name
	}
	return "' || " + literal(name) + " || '"
}

// condition returns the filter that makes pgvector search where the condition holds. The first
// comparison is with NULL, so the server leaves it out and does not read metadata for it.
func condition(sql string) map[string]any {
	return map[string]any{"' || NULL::text) IS NULL AND (" + sql + ") AND ('": ""}
}

// nul is a regular expression that finds an escaped NUL in JSON. PostgreSQL keeps it in a column of
// type json and then fails to read it, so one such document would fail all filtered searches.
const nul = `(^|[^\\])(\\\\)*\\u0000`

// equalities returns a filter for the documents in which all keys have these values: numbers are
// equal by value, text is not a number, and a missing key equals nothing, as in adapters/chromem.
func equalities(filters any) (map[string]any, error) {
	values, ok := filters.(map[string]any)
	if texts, also := filters.(map[string]string); also {
		ok, values = true, make(map[string]any, len(texts))
		for key, text := range texts {
			values[key] = text
		}
	}
	if !ok {
		return nil, fmt.Errorf("store: the filter is a %T: use a map[string]any of keys and the values they must have", filters)
	}
	if len(values) == 0 {
		return nil, nil
	}
	var all []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		err := sound(key)
		if err == nil {
			err = inJSON(values[key], jsonb)
		}
		if err != nil {
			return nil, fmt.Errorf("store: the filter %q %w", key, err)
		}
		data, err := json.Marshal(values[key])
		if err != nil {
			return nil, fmt.Errorf("store: the filter %q: %w", key, err)
		}
		all = append(all, "(data.cmetadata -> "+literal(key)+")::jsonb = "+literal(string(data))+"::jsonb")
	}
	return condition("CASE WHEN data.cmetadata::text ~ " + literal(nul) + " THEN false ELSE " + strings.Join(all, " AND ") + " END"), nil
}

// other is in the error of the server for a column that takes vectors of another length.
const other = "the column takes vectors of "

var columnSays = regexp.MustCompile(other + `(\d+)`)

// column refuses a column of a fixed number of dimensions that are not the embedder's, which no
// search notices. Nothing is embedded or written.
func (s *Store) column(ctx context.Context) error {
	f := reflect.Indirect(reflect.ValueOf(s.inner)).FieldByName("embeddingTableName")
	if s.trait.sort != jsonb || f.Kind() != reflect.String {
		return nil
	}
	table := f.String()
	// The cast of a text that is no bool is an error with that text.
	sql := "(SELECT CASE WHEN a.atttypmod IN (-1, " + strconv.Itoa(s.model.Dimensions) + ") THEN true ELSE ('" + other + "' || a.atttypmod)::bool END" +
		" FROM pg_attribute a WHERE a.attrelid = to_regclass(" + literal(table) + ") AND a.attname = 'embedding') IS NOT NULL"
	v := make([]float32, s.model.Dimensions)
	v[0] = 1
	_, err := s.ask(ctx, probe, v, 1, []vectorstores.Option{vectorstores.WithFilters(condition(sql))})
	if err == nil {
		return nil
	}
	if m := columnSays.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("store: the table %s has vectors of %s dimensions alone, and the embedder's have %d: "+
			"use another table (pgvector.WithEmbeddingTableName) and index again", table, m[1], s.model.Dimensions)
	}
	return nil // the search of look says what is wrong
}

// named returns the name space for a search: pgvector's own collection too may have a name that
// must be quoted.
func (s *Store) named(name string) string {
	if s.trait.sort != jsonb {
		return name
	}
	if name == "" {
		f := reflect.Indirect(reflect.ValueOf(s.inner)).FieldByName("collectionName")
		if f.Kind() != reflect.String || plain.MatchString(f.String()) {
			return ""
		}
		name = f.String()
	}
	return quoted(name)
}
