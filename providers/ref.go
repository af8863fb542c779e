package providers

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vecspace/embedding"
)

// Ref is a parsed reference.
type Ref struct {
	Provider string
	Model    string
	Values   map[string]string // the options, decoded; nil if there are none
}

// Parse reads a reference. Its errors are *embedding.Error of kind Invalid. They quote no option's value, and nothing of a
// reference in which an API key may be.
func Parse(reference string) (Ref, error) {
	head, query, optioned := strings.Cut(reference, "?")
	provider, model, split := strings.Cut(head, ":")
	switch {
	case reference == "":
		return invalid("the reference is empty: use provider:model, such as static:base")
	case holdsKey(reference):
		return invalid("the reference holds an API key: use provider:model, and put the key into the provider's environment variable")
	case !split:
		return invalid("the reference %q has no colon: use provider:model, such as static:base", head)
	case !validName(provider):
		return invalid("the reference %q does not begin with a provider's name (lower-case letters, digits, - and _)", head)
	case model == "":
		return invalid("the reference %q names no model: use provider:model, such as static:base", head)
	case strings.TrimSpace(model) != model || strings.ContainsFunc(model, unicode.IsControl) || !utf8.ValidString(model):
		return invalid("the reference %q has spaces around the model's name, or characters in it that no name has", head)
	}
	r := Ref{Provider: provider, Model: model}
	if !optioned {
		return r, nil
	}
	r.Values = make(map[string]string)
	for pair := range strings.SplitSeq(query, "&") {
		name, raw, given := strings.Cut(pair, "=")
		if !validName(name) {
			return invalid("the options of %q are not of the form name=value&name=value: "+
				"an option's name has lower-case letters, digits, - and _ (in a value, write & as %%26)", head)
		}
		value, err := url.PathUnescape(raw)
		_, twice := r.Values[name]
		switch {
		case isKey(name) || holdsKey(value):
			return invalid("the option %q of %q: a key is never part of a reference, set the provider's environment variable", name, head)
		case !given || raw == "":
			return invalid("the option %q of %q has no value: write %s=value, or leave it out", name, head, name)
		case err != nil:
			return invalid("the option %q of %q is not properly percent-encoded: write a percent sign as %%25", name, head)
		case !utf8.ValidString(value):
			return invalid("the option %q of %q is not UTF-8 once decoded", name, head)
		case twice:
			return invalid("the option %q of %q is given twice", name, head)
		}
		r.Values[name] = value
	}
	return r, nil
}

func invalid(format string, args ...any) (Ref, error) {
	return Ref{}, &embedding.Error{Kind: embedding.Invalid, Err: fmt.Errorf(format, args...)}
}

// String returns the reference, its options in the order of their names. Parse understands it.
func (r Ref) String() string {
	var b strings.Builder
	b.WriteString(r.Provider + ":" + r.Model)
	sep := byte('?')
	for _, name := range slices.Sorted(maps.Keys(r.Values)) {
		b.WriteByte(sep)
		b.WriteString(name + "=" + escape(r.Values[name]))
		sep = '&'
	}
	return b.String()
}

func escape(value string) string {
	return strings.NewReplacer("%", "%25", "&", "%26").Replace(value)
}

func validName(s string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789-_"
	return s != "" && strings.Trim(s, allowed) == "" && s[0] != '-' && s[0] != '_'
}

// isKey reports whether an option's name says that its value is a secret.
func isKey(name string) bool {
	switch strings.NewReplacer("-", "", "_", "").Replace(name) {
	case "key", "apikey", "token", "accesstoken", "authtoken", "secret", "password", "authorization", "bearer":
		return true
	}
	return false
}

// keyForm is the form in which most providers issue keys: sk- at the start of a word, or another prefix and much after it.
var keyForm = regexp.MustCompile(`(?i)(?:^|[^a-z0-9])(?:sk-|(?:sk_|gsk_|hf_|jina_|aiza)[\w-]{16}|(?:pa|al)-[\w-]{32})`)

func holdsKey(s string) bool { return keyForm.MatchString(s) }

// Options reads the options of a reference for an Opener. Every call names an option that the provider knows; Err, called
// last, refuses a value of the wrong form and every option that was not asked for.
type Options struct {
	ref   Ref
	known []string
	err   error
}

// Options returns a reader of r's options.
func (r Ref) Options() *Options { return &Options{ref: r} }

// String returns an option's value, "" if it is not given.
func (o *Options) String(name string) string {
	o.known = append(o.known, name)
	return o.ref.Values[name]
}

// Variable returns the value of an option that names an environment variable, "" if it is not given. Anything but capital
// letters, digits and underscores is refused unseen: it may be the key itself.
func (o *Options) Variable(name string) string {
	s := o.String(name)
	if strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		o.fail("the option %q does not name an environment variable (capital letters, digits and _)", name)
		return ""
	}
	return s
}

// Int returns the value of an option that is a whole number above 0, 0 if it is not given.
func (o *Options) Int(name string) int {
	s := o.String(name)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n <= 0 {
		o.fail("the option %q is not a whole number above 0", name)
		return 0
	}
	return n
}

// Bool returns the value of an option that is true or false, false if it is not given.
func (o *Options) Bool(name string) bool {
	switch o.String(name) {
	case "", "false":
		return false
	case "true":
		return true
	}
	o.fail("the option %q is neither true nor false", name)
	return false
}

func (o *Options) fail(format string, args ...any) {
	if o.err == nil {
		o.err = o.ref.invalid(fmt.Errorf(format, args...))
	}
}

// Err returns what is wrong with the options, an *embedding.Error of kind Invalid.
func (o *Options) Err() error {
	for _, name := range slices.Sorted(maps.Keys(o.ref.Values)) {
		if !slices.Contains(o.known, name) {
			known := "none"
			if len(o.known) > 0 {
				known = strings.Join(slices.Compact(slices.Sorted(slices.Values(o.known))), ", ")
			}
			o.fail("there is no option %q; there are %s", name, known)
		}
	}
	return o.err
}

func (r Ref) invalid(err error) error {
	return &embedding.Error{Kind: embedding.Invalid, Provider: r.Provider, Model: r.Model, Err: err}
}
