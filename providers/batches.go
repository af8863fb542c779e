package providers

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/gemini"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/ref"
	"github.com/vecspace/embedding/providers/voyage"
)

// batchers has the packages with a batch API.
var batchers = []struct {
	catalog func() []catalog.Entry
	open    func(ref.Ref) (batchapi.API, error)
}{
	{dashscope.Catalog, dashscope.OpenBatches},
	{gemini.Catalog, gemini.OpenBatches},
	{openai.Catalog, openai.OpenBatches},
	{voyage.Catalog, voyage.OpenBatches},
}

// OpenBatches opens the batch API for the model of a reference, as [Open] opens its Embedder. It
// does no I/O.
func OpenBatches(reference string) (batchapi.API, error) {
	r, err := ref.Parse(reference)
	if err != nil {
		return nil, err
	}
	for _, b := range batchers {
		if slices.ContainsFunc(b.catalog(), func(e catalog.Entry) bool { return e.Provider == r.Provider }) {
			return b.open(r)
		}
	}
	return nil, &embedding.Error{
		Kind: embedding.Invalid, Provider: r.Provider, Model: r.Model,
		Err: fmt.Errorf("no batch API of %s is known here; there are those of %s", r.Provider, strings.Join(batchNames(), ", ")),
	}
}

// batchNames returns the providers of which a price by batches is known.
func batchNames() (names []string) {
	for _, e := range Catalog() {
		if slices.ContainsFunc(e.Prices, func(p catalog.Price) bool { return p.Batch > 0 }) {
			names = append(names, e.Provider)
		}
	}
	return slices.Compact(names)
}
