// Package variant says whether the documents of a store were embedded as an embedder would embed
// them: with the same prefix or other variant of its model.
package variant

import (
	"fmt"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/internal/prefixes"
)

// none stands for a variant that is "", because some stores drop empty values.
const none = "none"

// Stamp returns the value of [collection.VariantKey] in the metadata of documents that m's embedder
// has embedded.
func Stamp(m embedding.Model) string {
	if v := m.DocumentVariant(); v != "" {
		return v
	}
	return none
}

// Of returns the variant in a document's metadata. Documents of earlier versions have none, so
// known is false.
func Of(metadata map[string]any) (variant string, known bool) {
	s, _ := metadata[collection.VariantKey].(string)
	if s == none {
		return "", true
	}
	return s, s != ""
}

// Differ returns how documents were embedded, how m's embedder would embed them and what to write,
// for an error, if stored is not the variant of m's documents, else "".
func Differ(m embedding.Model, stored string) string {
	now := m.DocumentVariant()
	if stored == now {
		return ""
	}
	return fmt.Sprintf("documents were embedded %s and the embedder would embed them %s, so a search would miss what it should find: %s",
		words(stored), words(now), prefixes.Restore(m, stored))
}

func words(variant string) string {
	if variant == "" {
		return "without a prefix or another variant"
	}
	return "with the variant " + variant
}
