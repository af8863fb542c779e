package ref

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/vecspace/embedding"
)

// Args reads the options of a reference. Each method but Err names an option that the provider
// knows. Err, called last, refuses options that were not named and values of the wrong form.
type Args struct {
	ref   Ref
	known []string
	err   error
}

// Args returns a reader of r's options.
func (r Ref) Args() *Args { return &Args{ref: r} }

// String returns an option's value, "" if it is not given.
func (a *Args) String(name string) string {
	a.known = append(a.known, name)
	return a.ref.Values[name]
}

// Variable returns the name of an environment variable, "" if it is not given. It refuses anything
// but capital letters, digits and underscores, and does not quote it: it may be the key itself.
func (a *Args) Variable(name string) string {
	s := a.String(name)
	if strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		a.fail("the option %q does not name an environment variable (capital letters, digits and _)", name)
		return ""
	}
	return s
}

// Int returns a whole number above 0, or 0 if it is not given.
func (a *Args) Int(name string) int {
	s := a.String(name)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n <= 0 {
		a.fail("the option %q is not a whole number above 0", name)
		return 0
	}
	return n
}

// Bool returns true or false, false if it is not given.
func (a *Args) Bool(name string) bool {
	switch a.String(name) {
	case "", "false":
		return false
	case "true":
		return true
	}
	a.fail("the option %q is neither true nor false", name)
	return false
}

// Limits reads the options that override what the provider's table says about a request's size:
// max_texts, max_tokens and max_text_tokens.
func (a *Args) Limits() embedding.Limits {
	return embedding.Limits{
		Texts:      a.Int("max_texts"),
		Tokens:     a.Int("max_tokens"),
		TextTokens: a.Int("max_text_tokens"),
	}
}

func (a *Args) fail(format string, args ...any) {
	if a.err == nil {
		a.err = &embedding.Error{
			Kind: embedding.Invalid, Provider: a.ref.Provider, Model: a.ref.Model, Err: fmt.Errorf(format, args...),
		}
	}
}

// Err returns what is wrong with the options, an [*embedding.Error] of kind Invalid, or nil.
func (a *Args) Err() error {
	for _, name := range slices.Sorted(maps.Keys(a.ref.Values)) {
		if !slices.Contains(a.known, name) {
			known := "none"
			if len(a.known) > 0 {
				known = strings.Join(slices.Compact(slices.Sorted(slices.Values(a.known))), ", ")
			}
			a.fail("there is no option %q; there are %s", name, known)
		}
	}
	return a.err
}

// Build calls a provider's New with the options read from a, unless a has an error.
func Build[O any](a *Args, build func(O) (embedding.Embedder, error), options O) (embedding.Embedder, error) {
	if err := a.Err(); err != nil {
		return nil, err
	}
	return build(options)
}
