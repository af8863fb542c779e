package ref

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/vecspace/embedding"
)

// Decode sets the fields of a struct to the values of r's options. A field's tag names its option,
// and fields without a tag keep their value:
//
//	type Options struct {
//		Model      string           // r.Model, which the caller sets
//		BaseURL    string           `ref:"base_url"`
//		KeyEnv     string           `ref:"key_env,variable"`
//		Dimensions int              `ref:"dimensions"`
//		Truncate   bool             `ref:"truncate"`
//		Limits     embedding.Limits `ref:"max_*"`
//	}
//
// An int is a whole number above 0, and a bool is true or false. The flag "variable" refuses what
// is no name of an environment variable. The options of [embedding.Limits] are max_texts,
// max_tokens and max_text_tokens. A field of type *http.Client needs no tag and is set to r.Client,
// unless that is nil.
//
// Decode refuses values of the wrong form and options that no tag names, with an
// [*embedding.Error] of kind Invalid that never quotes a value. It panics if options is not a
// pointer to a struct or if a tag is on a field of another type.
func (r Ref) Decode(options any) error {
	d := decoder{Ref: r}
	v := reflect.ValueOf(options).Elem()
	for _, f := range reflect.VisibleFields(v.Type()) {
		if f.Type == reflect.TypeFor[*http.Client]() && r.Client != nil {
			v.FieldByIndex(f.Index).Set(reflect.ValueOf(r.Client))
		}
		if name, flag, _ := strings.Cut(f.Tag.Get("ref"), ","); name != "" {
			d.set(v.FieldByIndex(f.Index).Addr().Interface(), name, flag)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Values)) {
		if !slices.Contains(d.known, name) {
			slices.Sort(d.known)
			known := strings.Join(slices.Compact(d.known), ", ")
			if known == "" {
				known = "none"
			}
			d.fail("there is no option %q; there are %s", name, known)
		}
	}
	return d.err
}

// decoder collects the names of the options and the first error.
type decoder struct {
	Ref
	known []string
	err   error
}

func (d *decoder) set(field any, name, flag string) {
	if l, ok := field.(*embedding.Limits); ok {
		d.set(&l.Texts, "max_texts", "")
		d.set(&l.Tokens, "max_tokens", "")
		d.set(&l.TextTokens, "max_text_tokens", "")
		return
	}
	d.known = append(d.known, name)
	s := d.Values[name]
	given := s != ""
	switch field := field.(type) {
	case *string:
		// The value may be the key itself.
		if flag == "variable" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
			d.fail("the option %q does not name an environment variable (capital letters, digits and _)", name)
		} else if given {
			*field = s
		}
	case *embedding.Space:
		if given {
			*field = embedding.Space(s)
		}
	case *int:
		n, err := strconv.Atoi(s)
		if given && (err != nil || n <= 0) {
			d.fail("the option %q is not a whole number above 0", name)
		} else if given {
			*field = n
		}
	case *bool:
		if given && s != "true" && s != "false" {
			d.fail("the option %q is neither true nor false", name)
		} else if given {
			*field = s == "true"
		}
	default:
		panic(fmt.Sprintf("ref: the option %q has a field of type %T", name, field))
	}
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = &embedding.Error{Kind: embedding.Invalid, Provider: d.Provider, Model: d.Model, Err: fmt.Errorf(format, args...)}
	}
}
