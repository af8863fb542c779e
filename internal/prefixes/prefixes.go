// Package prefixes puts prefixes in front of texts, for models that were trained with them behind
// servers that do not add them, and knows from models' cards which model wants which.
package prefixes

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/ref"
)

// Prefixes are what is put in front of the texts of each task.
type Prefixes map[embedding.Task]string

// tasks returns all tasks.
func tasks() []embedding.Task {
	return []embedding.Task{
		embedding.TaskDocument, embedding.TaskQuery, embedding.TaskSimilarity, embedding.TaskClassification, embedding.TaskClustering,
	}
}

// QueryAndRest returns the prefixes of queries and of every other task.
func QueryAndRest(query, rest string) Prefixes {
	p := make(Prefixes)
	for _, task := range tasks() {
		p[task] = rest
	}
	p[embedding.TaskQuery] = query
	maps.DeleteFunc(p, func(_ embedding.Task, s string) bool { return s == "" })
	return p
}

// Variant names the prefixes for [embedding.Model].Variant.
func (p Prefixes) Variant() string {
	var parts []string
	for _, task := range tasks() {
		if s := p[task]; s != "" {
			parts = append(parts, fmt.Sprintf("%s=%q", task, s))
		}
	}
	return strings.Join(parts, ",")
}

// Texts returns the request's texts, each behind its prefix. It does not change the request.
func (p Prefixes) Texts(req embedding.Request) []string {
	s := p[req.Task]
	if s == "" {
		return req.Texts
	}
	size := 0
	for _, text := range req.Texts {
		size += len(s) + len(text)
	}
	var all strings.Builder // one allocation for all texts
	all.Grow(size)
	texts := make([]string, len(req.Texts))
	for i, text := range req.Texts {
		from := all.Len()
		all.WriteString(s)
		all.WriteString(text)
		texts[i] = all.String()[from:]
	}
	return texts
}

// Within returns the limits of texts that get a prefix: the longest one takes its tokens from the
// limit of a text, so that nothing is cut to a length that is refused.
func (p Prefixes) Within(l embedding.Limits) embedding.Limits {
	longest := 0
	for _, s := range p {
		longest = max(longest, embedding.EstimateTokens(s))
	}
	if l.TextTokens > 0 {
		l.TextTokens = max(l.TextTokens-longest, 1)
	}
	return l
}

// Options say which prefixes a user wants.
type Options struct {
	Prefix          string // a row of the table, [Auto], or "" for the provider's default
	Query, Document string // the user's own, of queries and of every other task
	Plain           bool   // none
}

// Auto chooses the row by the model's name.
const Auto = "auto"

// Choose returns the prefixes of a model. standard is the row that the provider takes if the user
// says nothing; "" is none. The error says which options exclude each other, or which names there
// are.
func (o Options) Choose(model, standard string) (Prefixes, error) {
	own := o.Query+o.Document != ""
	switch {
	case o.Prefix != "" && own:
		return nil, errors.New("a prefix of the table (prefix= in a reference) and prefixes of your own (query_prefix=, document_prefix=) " +
			"exclude each other: leave one out")
	case o.Plain && (own || o.Prefix != ""):
		return nil, errors.New("both a prefix and Plain are given: leave one out")
	case o.Plain:
		return nil, nil
	case own:
		return QueryAndRest(o.Query, o.Document), nil
	case o.Prefix == Auto:
		if family, known := Of(model); known {
			return family.Prefixes, nil
		}
		return nil, fmt.Errorf("the table of prefixes does not have the model %s, so prefix=auto cannot choose: name a row (%s), or give prefixes "+
			"of your own (query_prefix= and document_prefix=); the table has %s", model, strings.Join(names(), ", "), strings.Join(models(), ", "))
	case o.Prefix != "":
		if family, known := find(o.Prefix); known {
			return family.Prefixes, nil
		}
		return nil, fmt.Errorf("there is no prefix %q in the table; there are %s, %s", o.Prefix, Auto, strings.Join(names(), ", "))
	}
	family, _ := find(standard)
	return family.Prefixes, nil
}

// In reports whether the texts of a model's documents or queries have a prefix already.
func In(m embedding.Model) bool {
	return strings.Contains(m.Variant, embedding.TaskDocument.String()+`="`) || strings.Contains(m.Variant, embedding.TaskQuery.String()+`="`)
}

// Wanted returns the name of the row that a model's card asks for, "" if the card asks for none or
// the table does not know the model.
func Wanted(model string) string {
	if family, _ := Of(model); len(family.Prefixes) > 0 {
		return family.Name
	}
	return ""
}

// Notice says that a model's card asks for prefixes and that none are set. It is "" if the card
// asks for none, if m tells queries from documents already, or if the reference says what to do
// about prefixes, be it none. The reference may be "".
func Notice(reference string, m embedding.Model) string {
	family, _ := Of(m.ID)
	if len(family.Prefixes) == 0 || !m.Symmetric {
		return ""
	}
	if r, err := ref.Parse(reference); err == nil {
		for _, option := range []string{"prefix", "query_prefix", "document_prefix", "plain"} {
			if r.Values[option] != "" {
				return ""
			}
		}
	}
	roles := "queries"
	if family.Prefixes[embedding.TaskDocument] != "" {
		roles = "queries and documents"
	}
	return fmt.Sprintf("the card of %s asks for prefixes of %s, and none are set: add prefix=%s to the reference, or prefix=none if that is meant",
		m.ID, roles, family.Name)
}

// Restore says what to write so that an embedder's documents are those that were stored, in words
// for the end of an error. stored is [embedding.Model.DocumentVariant] of the stored documents.
func Restore(m embedding.Model, stored string) string {
	plain, now := "leave out prefix= and document_prefix=", m.DocumentVariant()
	if m.Provider == "tei" || m.Provider == "ollama" {
		plain = "write plain=true"
	}
	document, prefixed := strings.CutPrefix(stored, embedding.TaskDocument.String()+"=")
	prefix, err := strconv.Unquote(document)
	_, of := strings.CutPrefix(now, embedding.TaskDocument.String()+"=")
	switch {
	case stored == "" && of:
		return plain + " in the reference"
	case !prefixed || err != nil:
		return "open it with the options that it was made with"
	}
	own := "document_prefix=" + strings.NewReplacer("%", "%25", "&", "%26", " ", "%20", "\n", "%0A").Replace(prefix)
	for _, family := range Families() {
		if family.Prefixes[embedding.TaskDocument] == prefix {
			return "write prefix=" + family.Name + " in the reference, or " + own
		}
	}
	return "write " + own + " in the reference"
}

func names() []string {
	var out []string
	for _, family := range Families() {
		out = append(out, family.Name)
	}
	return out
}

func models() []string {
	var out []string
	for _, family := range Families() {
		out = append(out, family.Models...)
	}
	slices.Sort(out)
	return out
}
