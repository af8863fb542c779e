// Package ref reads references: strings such as "dashscope:text-embedding-v4?dimensions=512" that
// name a provider, a model and options. Package providers documents their syntax.
//
// A provider's Open function takes a parsed [Ref] and reads its options with [Ref.Decode].
package ref

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vecspace/embedding"
)

// Ref is a parsed reference.
type Ref struct {
	Provider string
	Model    string
	Values   map[string]string // the decoded options; nil if there are none

	// Client sends the requests if it is not nil. It is no part of the text of a reference: a program
	// sets it before it passes the Ref to a provider's Open.
	Client *http.Client
}

// Parse reads a reference. Its errors are [*embedding.Error] of kind Invalid. They never quote an
// option's value, and quote nothing of a reference that seems to hold an API key.
func Parse(reference string) (Ref, error) {
	head, query, optioned := strings.Cut(reference, "?")
	provider, model, split := strings.Cut(head, ":")
	switch {
	case reference == "":
		return invalid("the reference is empty: use provider:model, such as static:base")
	case holdsKey(reference):
		return invalid("the reference holds an API key: use provider:model, and put the key into the provider's environment variable")
	case variable.MatchString(head) || strings.ContainsAny(head, "${}"):
		return invalid("the reference holds a variable or a template, and neither is filled in here: " + fill)
	case !split:
		return invalid("the reference %q has no colon: use provider:model, such as static:base", head)
	case !validName(provider):
		return invalid("the reference %q does not begin with a provider's name (lower-case letters, digits, - and _)", head)
	case model == "":
		return invalid("the reference %q names no model: use provider:model, such as static:base", head)
	case strings.TrimSpace(model) != model || strings.ContainsFunc(model, unicode.IsControl) || !utf8.ValidString(model):
		return invalid("the reference %q has spaces around the model's name, or characters that no model's name has", head)
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
		case variable.MatchString(raw) || variable.MatchString(value):
			return invalid("the option %q of %q holds a variable or a template, and neither is filled in here: "+fill, name, head)
		case !given || raw == "":
			return invalid("the option %q of %q has no value: write %s=value, or leave it out", name, head, name)
		case err != nil:
			return invalid("the option %q of %q is not properly percent-encoded: write a percent sign as %%25", name, head)
		case !utf8.ValidString(value):
			return invalid("the option %q of %q does not decode to UTF-8", name, head)
		case twice:
			return invalid("the option %q of %q is given twice", name, head)
		}
		r.Values[name] = value
	}
	return r, nil
}

// variable matches what a shell or a template engine would have filled in: ${NAME}, $NAME, $(NAME),
// {{name}}, {%name%}, <%name%>, and %NAME%, which is no percent-encoding.
var variable = regexp.MustCompile(`\$[{(A-Za-z_]|\{\{|\}\}|\{%|<%|%(?:[G-Zg-z_]|[A-Fa-f][G-Zg-z_])[A-Za-z_]*%`)

// fill is the advice about a variable.
const fill = "use envsubst on a file, or os.ExpandEnv in a program"

func invalid(format string, args ...any) (Ref, error) {
	return Ref{}, &embedding.Error{Kind: embedding.Invalid, Err: fmt.Errorf(format, args...)}
}

// String returns the reference with its options sorted by name. [Parse] reads it back.
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

// keyForm matches what most providers' keys look like: sk- at the start of a word, or another
// prefix and many characters after it.
var keyForm = regexp.MustCompile(`(?i)(?:^|[^a-z0-9])(?:sk-|(?:sk_|gsk_|hf_|jina_|aiza)[\w-]{16}|(?:pa|al)-[\w-]{32})`)

func holdsKey(s string) bool { return keyForm.MatchString(s) }
