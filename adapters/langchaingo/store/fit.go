package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"
)

// sort says what a store can keep.
type sort int

const (
	anything sort = iota // unknown: the store itself refuses
	jsonb                // pgvector: JSON without NUL
	scalars              // chroma: JSON without lists, maps and nil
	hash                 // redisvector: text and numbers, by the fields of the first document
)

// unkept returns why the store cannot keep a document, nil if it can. It is asked before anything
// is embedded. first is the first document of the call.
func (s *Store) unkept(ctx context.Context, doc, first schema.Document, o vectorstores.Options) error {
	if s.trait.sort == anything {
		return nil
	}
	if s.trait.sort == jsonb {
		if err := sound(doc.PageContent); err != nil {
			return fmt.Errorf("its text %w", err)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(doc.Metadata)) {
		value := doc.Metadata[key]
		err := keyed(s.trait, key)
		switch {
		case err != nil:
		case s.trait.sort == hash:
			err = s.field(ctx, key, value, first, o)
		default:
			err = inJSON(value, s.trait.sort)
		}
		if err != nil {
			return fmt.Errorf("its metadata %q %w", key, err)
		}
	}
	return nil
}

var (
	errNUL     = errors.New("holds a NUL character, which PostgreSQL does not keep")
	errNotUTF8 = errors.New("is not UTF-8")
	errNumber  = errors.New("is not a finite number")
	errBig     = errors.New("holds a whole number beyond 2^53, which would come back as another: store it as a string")
)

func sound(text string) error {
	switch {
	case !utf8.ValidString(text):
		return errNotUTF8
	case strings.ContainsRune(text, 0):
		return errNUL
	}
	return nil
}

// takes refuses the options of an add that the store would refuse when the texts are paid for.
func (t trait) takes(o vectorstores.Options) error {
	switch {
	case t.sort != jsonb && t.sort != scalars:
	case o.Filters != nil, o.ScoreThreshold != 0:
		return errors.New("an add takes neither filters nor a score threshold")
	case o.NameSpace != "" && t.sort == jsonb:
		return errors.New("an add takes no name space: open a store for each collection")
	}
	return nil
}

// keyed refuses the keys that a store uses itself.
func keyed(t trait, key string) error {
	if slices.Contains(t.reserved, key) {
		return errors.New("has a key that the store uses itself: choose another")
	}
	if t.sort == jsonb {
		return sound(key)
	}
	if !utf8.ValidString(key) {
		return errNotUTF8
	}
	return nil
}

// inJSON refuses a value that would not come back from JSON.
func inJSON(value any, k sort) error {
	switch v := value.(type) {
	case string:
		if err := sound(v); err != nil && (k == jsonb || !errors.Is(err, errNUL)) {
			return err
		}
		return nil
	case bool:
		return nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return errNumber
		}
		return nil
	}
	data, err := json.Marshal(value)
	if err != nil {
		if _, ok := errors.AsType[*json.UnsupportedValueError](err); ok {
			return errNumber
		}
		return fmt.Errorf("cannot be kept, because a %T is no JSON", value)
	}
	if bytes.Contains(data, []byte(`\ufffd`)) { // what json.Marshal writes for bytes that are no text
		return errNotUTF8
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var plain any
	if err := d.Decode(&plain); err != nil {
		return err
	}
	if k == scalars {
		switch plain.(type) {
		case []any, map[string]any, nil:
			return fmt.Errorf("is a %T, and Chroma keeps text, numbers and bools alone", value)
		}
	}
	return within(plain, k)
}

// within looks at a decoded value and at all in it.
func within(x any, k sort) error {
	switch x := x.(type) {
	case string:
		if k == jsonb {
			return sound(x)
		}
	case json.Number:
		whole, ok := new(big.Int).SetString(string(x), 10)
		if !ok {
			return nil // a fraction, which is a float already
		}
		near, _ := new(big.Float).SetInt(whole).Float64()
		if exact, _ := new(big.Float).SetFloat64(near).Int(nil); exact.Cmp(whole) != 0 {
			return errBig
		}
	case []any:
		for _, y := range x {
			if err := within(y, k); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, y := range x {
			if err := errors.Join(within(key, k), within(y, k)); err != nil {
				return err
			}
		}
	}
	return nil
}

// field refuses a value that redisvector would drop, or for which the index would leave out the
// whole document.
func (s *Store) field(ctx context.Context, key string, value any, first schema.Document, o vectorstores.Options) error {
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return nil
	case reflect.Float32, reflect.Float64:
		if x := v.Float(); math.IsNaN(x) || math.IsInf(x, 0) {
			return errNumber
		}
		return nil
	case reflect.String:
		if !finite(v.String()) && s.numeric(ctx, key, first, o) {
			return errors.New("is text, and in the index a number, as the first document had it: a search would not find the document")
		}
		return nil
	}
	return fmt.Errorf("is a %T, and redisvector keeps text and numbers alone", value)
}

func finite(text string) bool {
	x, err := strconv.ParseFloat(text, 64)
	return err == nil && !math.IsNaN(x) && !math.IsInf(x, 0)
}

// numeric reports whether the index has a key as a number: if there is no index yet, it will be
// made of the call's first document.
func (s *Store) numeric(ctx context.Context, key string, first schema.Document, o vectorstores.Options) bool {
	if known, ok := s.fields.Load(key); ok {
		return known.(bool)
	}
	if s.fresh.Load() {
		return isNumber(first.Metadata[key])
	}
	// The first document has a number there, so a range of all numbers finds one.
	v := make([]float32, s.model.Dimensions)
	v[0] = 1
	found, err := s.ask(ctx, probe, v, 1, []vectorstores.Option{vectorstores.WithFilters("@" + escaped(key) + ":[-inf +inf]")})
	known := err == nil && len(found) > 0
	s.fields.Store(key, known)
	return known
}

func isNumber(x any) bool {
	k := reflect.ValueOf(x).Kind()
	return k >= reflect.Int && k <= reflect.Uint64 || k == reflect.Float32 || k == reflect.Float64
}

// escaped writes a field's name for a query.
func escaped(key string) string {
	var b strings.Builder
	for _, r := range key {
		if r < utf8.RuneSelf && r != '_' && (r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' || r > 'z') {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// replaces refuses a document that would replace another one of the call. seen is by ID.
func (s *Store) replaces(doc schema.Document, seen map[string]schema.Document) error {
	for _, key := range s.trait.names {
		value, ok := doc.Metadata[key]
		if !ok {
			continue
		}
		id := fmt.Sprint(value)
		if other, ok := seen[id]; ok && !reflect.DeepEqual(other, doc) {
			return fmt.Errorf("its metadata %q is its ID in the store and that of another document of the call, which it would replace", key)
		}
		seen[id] = doc
		return nil // the first of the keys counts
	}
	return nil
}

// learned records what the index is made of, after the first add to an empty one.
func (s *Store) learned(first schema.Document) {
	for key, value := range first.Metadata {
		s.fields.Store(key, isNumber(value))
	}
	s.fresh.Store(false)
}
