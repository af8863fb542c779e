package chromem

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vecspace/embedding/adapters/langchaingo/collection"
)

// chromem keeps only strings. A stored value is a letter for its sort and its canonical form, which
// a filter can compare. If the form does not tell the Go type, the type is under a key of its own.
//
//	s text, n number, b true or false, t time, z nil, l list, m map
const (
	keyID    = "\x00id"
	keyTypes = "\x00types"
)

// encode returns metadata in the form that chromem keeps, without the document's ID.
func encode(metadata map[string]any) (map[string]string, error) {
	out := make(map[string]string, len(metadata)+2)
	types := map[string]string{}
	for key, value := range metadata {
		form, kind, err := field(key, value)
		if err != nil {
			return nil, fmt.Errorf("metadata %q: %w", key, err)
		}
		out[key] = form
		if kind != "" {
			types[key] = kind
		}
	}
	if len(types) > 0 {
		data, err := json.Marshal(types)
		if err != nil {
			return nil, err
		}
		out[keyTypes] = string(data)
	}
	return out, nil
}

// field returns the form and type of a key's value, in metadata or in a filter.
func field(key string, value any) (form, kind string, err error) {
	if !utf8.ValidString(key) || strings.HasPrefix(key, "\x00") {
		return "", "", errors.New("the key is not UTF-8, or begins with a NUL byte, which is reserved")
	}
	return canonical(value)
}

// decode reverses encode.
func decode(stored map[string]string) (map[string]any, error) {
	types := map[string]string{}
	if data := stored[keyTypes]; data != "" {
		if err := json.Unmarshal([]byte(data), &types); err != nil {
			return nil, err
		}
	}
	out := make(map[string]any, len(stored))
	for key, form := range stored {
		if strings.HasPrefix(key, "\x00") {
			continue
		}
		value, err := parse(form, types[key])
		if err != nil {
			return nil, fmt.Errorf("metadata %q: %w", key, err)
		}
		out[key] = value
	}
	return out, nil
}

// hashed returns the default ID. The hash covers the lengths, so that no two documents give the
// same bytes. It leaves out the reserved keys but for some, so that a document that a migration has
// brought is found again. Only a document of index.Sync, which has a hash, belongs to its source:
// the same of two sources is stored twice.
func hashed(content string, metadata map[string]string, some ...string) string {
	if _, synced := metadata[collection.HashKey]; synced {
		some = append(some, collection.SourceKey)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%d %s", len(content), content)
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		if collection.Reserved(key) && !slices.Contains(some, key) {
			continue
		}
		value := metadata[key]
		fmt.Fprintf(h, " %d %s %d %s", len(key), key, len(value), value)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// canonical returns a value's form, and its type unless it is the usual type of that form: string,
// int, float64, bool, []any. The type of a list or map is the JSON of its elements' types; equal
// elements of other types have the same form.
func canonical(value any) (form, kind string, err error) {
	switch v := value.(type) {
	case nil:
		return "z", "", nil
	case string:
		return "s" + v, "", nil
	case bool:
		return "b" + strconv.FormatBool(v), "", nil
	case int:
		return "n" + strconv.Itoa(v), "", nil
	case int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		return "n" + fmt.Sprint(v), fmt.Sprintf("%T", v), nil
	case float32:
		return "n" + number(float64(v)), "float32", nil
	case float64:
		if form := number(v); isInt(form) {
			return "n" + form, "float64", nil
		}
		return "n" + number(v), "", nil
	case time.Time:
		data, err := v.MarshalText()
		return "t" + string(data), "", err
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		form, _, err := canonical(list)
		return form, "[]string", err
	case []any:
		forms, kinds, typed := make([]string, len(v)), make([]string, len(v)), false
		for i, x := range v {
			if forms[i], kinds[i], err = nested(x); err != nil {
				return "", "", fmt.Errorf("item %d: %w", i, err)
			}
			typed = typed || kinds[i] != ""
		}
		return joined("l", forms, kinds, typed)
	case map[string]any:
		forms, kinds := make(map[string]string, len(v)), map[string]string{}
		for key, x := range v {
			form, kind, err := nested(x)
			if !utf8.ValidString(key) {
				err = errNotUTF8
			}
			if err != nil {
				return "", "", fmt.Errorf("key %q: %w", key, err)
			}
			forms[key] = form
			if kind != "" {
				kinds[key] = kind
			}
		}
		return joined("m", forms, kinds, len(kinds) > 0)
	}
	return "", "", fmt.Errorf("the value is a %T: use a string, a number, a bool, nil, a time.Time, "+
		"or a []string, []any or map[string]any of these", value)
}

var errNotUTF8 = errors.New("the string is not UTF-8")

// nested is canonical for values inside JSON, which would change a string that is not UTF-8.
func nested(x any) (form, kind string, err error) {
	form, kind, err = canonical(x)
	if err == nil && !utf8.ValidString(form) {
		err = errNotUTF8
	}
	return form, kind, err
}

func joined(letter string, forms, kinds any, typed bool) (form, kind string, err error) {
	data, err := json.Marshal(forms) // sorts the keys of maps
	if err != nil || !typed {
		return letter + string(data), "", err
	}
	types, err := json.Marshal(kinds)
	return letter + string(data), string(types), err
}

// number formats a whole number without a decimal point, so that a filter finds 3 and 3.0 equal.
func number(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) < 1<<63 {
		return strconv.FormatInt(int64(x), 10)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

func isInt(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	return err == nil
}
