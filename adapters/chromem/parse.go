package chromem

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// parse returns the value for a form and a type from canonical.
func parse(form, kind string) (any, error) {
	if form == "" {
		return nil, errors.New("an empty form")
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
		return parseList(body, kind)
	case 'm':
		return parseMap(body, kind)
	}
	return nil, fmt.Errorf("an unknown form %q", form[:1])
}

func parseList(body, kind string) (any, error) {
	var forms []string
	if err := json.Unmarshal([]byte(body), &forms); err != nil {
		return nil, err
	}
	if kind == "[]string" {
		for i, form := range forms {
			if form == "" || form[0] != 's' {
				return nil, fmt.Errorf("item %d of a list of strings is not a string", i)
			}
			forms[i] = form[1:]
		}
		return forms, nil
	}
	kinds := make([]string, len(forms))
	if kind != "" {
		if err := json.Unmarshal([]byte(kind), &kinds); err != nil {
			return nil, err
		}
		if len(kinds) != len(forms) {
			return nil, fmt.Errorf("%d types of %d items", len(kinds), len(forms))
		}
	}
	list := make([]any, len(forms))
	for i, form := range forms {
		var err error
		if list[i], err = parse(form, kinds[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func parseMap(body, kind string) (any, error) {
	var forms, kinds map[string]string
	if err := json.Unmarshal([]byte(body), &forms); err != nil {
		return nil, err
	}
	if kind != "" {
		if err := json.Unmarshal([]byte(kind), &kinds); err != nil {
			return nil, err
		}
	}
	out := make(map[string]any, len(forms))
	for key, form := range forms {
		var err error
		if out[key], err = parse(form, kinds[key]); err != nil {
			return nil, err
		}
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
