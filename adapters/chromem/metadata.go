package chromem

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// chromem keeps strings only. A value becomes a letter for its sort and its canonical form, so that a filter can compare it;
// its Go type, where the form does not tell, is kept under a key of its own.
//
//	s text, n number, b true or false, t time, z nil, l list, m map
const (
	keyID    = "\x00id"
	keyTypes = "\x00types"
)

// encode returns metadata as chromem keeps it. id is the document's public ID.
func encode(id string, metadata map[string]any) (map[string]string, error) {
	out := map[string]string{keyID: id}
	types := map[string]string{}
	for key, value := range metadata {
		if strings.HasPrefix(key, "\x00") {
			return nil, fmt.Errorf("the metadata key %q begins with a NUL byte, which is reserved", key)
		}
		form, kind, ok := canonical(value)
		if !ok {
			return nil, fmt.Errorf("the metadata value of %q is a %T: use a string, a number, a bool, nil, a time, or a slice or map of these", key, value)
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

// decode returns the metadata that was encoded.
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

// canonical returns a value's form and its type where it is not the form's usual one: string, int, float64, bool, []any.
func canonical(value any) (form, kind string, ok bool) {
	switch v := value.(type) {
	case nil:
		return "z", "", true
	case string:
		return "s" + v, "", true
	case bool:
		return "b" + strconv.FormatBool(v), "", true
	case int:
		return "n" + strconv.Itoa(v), "", true
	case int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		return "n" + fmt.Sprint(v), fmt.Sprintf("%T", v), true
	case float32:
		return "n" + number(float64(v)), "float32", true
	case float64:
		form := "n" + number(v)
		if isInt(form[1:]) {
			return form, "float64", true
		}
		return form, "", true
	case time.Time:
		data, err := v.MarshalText()
		return "t" + string(data), "", err == nil
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		form, _, ok := canonical(list)
		return form, "[]string", ok
	case []any:
		parts := make([][2]string, len(v))
		for i, x := range v {
			form, kind, ok := canonical(x)
			if !ok {
				return "", "", false
			}
			parts[i] = [2]string{form, kind}
		}
		data, err := json.Marshal(parts)
		return "l" + string(data), "", err == nil
	case map[string]any:
		parts := make(map[string][2]string, len(v))
		for key, x := range v {
			form, kind, ok := canonical(x)
			if !ok {
				return "", "", false
			}
			parts[key] = [2]string{form, kind}
		}
		data, err := json.Marshal(parts) // sorts the keys
		return "m" + string(data), "", err == nil
	}
	return "", "", false
}

// number writes a whole number without a point, so that 3 and 3.0 are equal to a filter.
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

func parse(form, kind string) (any, error) {
	if form == "" {
		return nil, fmt.Errorf("an empty form")
	}
	body := form[1:]
	switch form[0] {
	case 'z':
		return nil, nil
	case 's':
		return body, nil
	case 'b':
		return strconv.ParseBool(body)
	case 't':
		var t time.Time
		err := t.UnmarshalText([]byte(body))
		return t, err
	case 'n':
		return parseNumber(body, kind)
	case 'l':
		var parts [][2]string
		if err := json.Unmarshal([]byte(body), &parts); err != nil {
			return nil, err
		}
		list := make([]any, len(parts))
		for i, p := range parts {
			x, err := parse(p[0], p[1])
			if err != nil {
				return nil, err
			}
			list[i] = x
		}
		if kind == "[]string" {
			return texts(list)
		}
		return list, nil
	case 'm':
		var parts map[string][2]string
		if err := json.Unmarshal([]byte(body), &parts); err != nil {
			return nil, err
		}
		out := make(map[string]any, len(parts))
		for _, key := range slices.Sorted(maps.Keys(parts)) {
			x, err := parse(parts[key][0], parts[key][1])
			if err != nil {
				return nil, err
			}
			out[key] = x
		}
		return out, nil
	}
	return nil, fmt.Errorf("an unknown form %q", form[:1])
}

func texts(list []any) ([]string, error) {
	out := make([]string, len(list))
	for i, x := range list {
		s, ok := x.(string)
		if !ok {
			return nil, fmt.Errorf("a %T among strings", x)
		}
		out[i] = s
	}
	return out, nil
}

func parseNumber(body, kind string) (any, error) {
	signed := func(bits int) (int64, error) { return strconv.ParseInt(body, 10, bits) }
	unsigned := func(bits int) (uint64, error) { return strconv.ParseUint(body, 10, bits) }
	switch kind {
	case "":
		if isInt(body) {
			return strconv.Atoi(body)
		}
		return strconv.ParseFloat(body, 64)
	case "int8":
		x, err := signed(8)
		return int8(x), err
	case "int16":
		x, err := signed(16)
		return int16(x), err
	case "int32":
		x, err := signed(32)
		return int32(x), err
	case "int64":
		return signed(64)
	case "uint":
		x, err := unsigned(strconv.IntSize)
		return uint(x), err
	case "uint8":
		x, err := unsigned(8)
		return uint8(x), err
	case "uint16":
		x, err := unsigned(16)
		return uint16(x), err
	case "uint32":
		x, err := unsigned(32)
		return uint32(x), err
	case "uint64":
		return unsigned(64)
	case "float32":
		x, err := strconv.ParseFloat(body, 32)
		return float32(x), err
	case "float64":
		return strconv.ParseFloat(body, 64)
	}
	return nil, fmt.Errorf("an unknown type %q", kind)
}
