package providers

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/azure"
	"github.com/vecspace/embedding/providers/bedrock"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/cohere"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/gemini"
	"github.com/vecspace/embedding/providers/jina"
	"github.com/vecspace/embedding/providers/ollama"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/ref"
	"github.com/vecspace/embedding/providers/static"
	"github.com/vecspace/embedding/providers/tei"
	"github.com/vecspace/embedding/providers/voyage"
)

// vendors has one row for each provider package of this module. A package opens references to its
// own name and to every other name in its catalog, which openai uses for the vendors of OpenAI's
// API.
var vendors = []struct {
	name    string
	open    func(ref.Ref) (embedding.Embedder, error)
	catalog func() []catalog.Entry
}{
	{"azure", azure.Open, azure.Catalog},
	{"bedrock", bedrock.Open, bedrock.Catalog},
	{"cohere", cohere.Open, cohere.Catalog},
	{"dashscope", dashscope.Open, dashscope.Catalog},
	{"gemini", gemini.Open, gemini.Catalog},
	{"jina", jina.Open, jina.Catalog},
	{"ollama", ollama.Open, ollama.Catalog},
	{"openai", openai.Open, openai.Catalog},
	{"static", static.Open, static.Catalog},
	{"tei", tei.Open, tei.Catalog},
	{"voyage", voyage.Open, voyage.Catalog},
}

// Table maps a provider's name to the function that makes an Embedder from a reference, without
// I/O. It is a plain map: add to your own copy.
type Table map[string]func(ref.Ref) (embedding.Embedder, error)

// builtin is built once, because catalogs are made anew by each call.
var builtin = sync.OnceValue(func() Table {
	t := make(Table)
	for _, v := range vendors {
		t[v.name] = v.open
		for _, e := range v.catalog() {
			t[e.Provider] = v.open
		}
	}
	return t
})

// Builtin returns a new copy of the Table with all providers of this module.
func Builtin() Table { return maps.Clone(builtin()) }

// Catalog returns the models of all providers of this module, sorted by provider; the models of one
// provider have the order of its package. Providers take other models too: see their packages. The
// result is the caller's own.
func Catalog() []catalog.Entry {
	var all []catalog.Entry
	for _, v := range vendors {
		all = append(all, v.catalog()...)
	}
	slices.SortStableFunc(all, func(a, b catalog.Entry) int { return cmp.Compare(a.Provider, b.Provider) })
	return all
}

// Open opens a reference to one of the providers of this module, as Builtin().Open does.
func Open(reference string) (embedding.Embedder, error) { return builtin().Open(reference) }

// Open opens a reference. It does no I/O. The Embedder is guarded and has no other middleware.
func (t Table) Open(reference string) (embedding.Embedder, error) {
	r, err := ref.Parse(reference)
	if err != nil {
		return nil, err
	}
	open := t[r.Provider]
	if open == nil {
		names := strings.Join(slices.Sorted(maps.Keys(t)), ", ")
		if r.Provider == "local" {
			names += "; a program that imports providers/local adds local.Open to its Table"
		}
		return nil, &embedding.Error{
			Kind: embedding.Invalid, Provider: r.Provider, Model: r.Model,
			Err: fmt.Errorf("there is no provider %q; there are %s", r.Provider, names),
		}
	}
	e, err := open(r)
	if err != nil {
		return nil, err
	}
	return embedding.Chain(e), nil
}
