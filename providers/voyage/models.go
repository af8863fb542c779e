package voyage

import (
	"strings"

	"github.com/vecspace/embedding"
)

// modelInfo describes one model, as Voyage documents it.
type modelInfo struct {
	ID         string
	Series     string                    // models of a series share a vector space; "" means none
	Dimensions []int                     // the lengths on offer, the default first
	Tasks      map[embedding.Task]string // the service's names for them (input_type)
	Normalized bool
	Limits     embedding.Limits
	Price      embedding.Price // zero if none is known
	Unverified string          // figures that Voyage's own pages do not confirm
}

// models returns Voyage's text models, newest first.
//
// Sources, all below https://github.com/mongodb/docs/tree/main/content/voyageai/source, the
// documentation of Voyage's owner: dimensions and lengths
// includes/tables/general-purpose-models-table.rst at c745f62b, domain-specific-models-table.rst at
// 05ba841e and older-embedding-models-table.rst at 8c1d3bb3; 1,000 texts and tokens of a request
// includes/tables/text-embeddings-parameters.rst at 8c1d3bb3; unit length
// tutorials/semantic-search.txt at 4f5d7c94; prices includes/billing/voyage-pricing.rst at
// 020697b3, which does not know voyage-code-4 yet.
func models() []modelInfo {
	usd := func(perMillion float64) embedding.Price {
		return embedding.Price{PerMillion: perMillion, Currency: "USD", AsOf: "2026-11-24"}
	}
	model := func(id string, dims []int, tokens, textTokens int, price embedding.Price) modelInfo {
		m := modelInfo{ID: id, Dimensions: dims, Tasks: tasks(), Normalized: true, Price: price}
		m.Limits = embedding.Limits{Texts: 1000, Tokens: tokens, TextTokens: textTokens}
		if strings.HasPrefix(id, "voyage-4") {
			m.Series = "voyage-4"
		}
		return m
	}
	flexible, only := []int{1024, 256, 512, 2048}, []int{1024}
	return []modelInfo{
		model("voyage-4-large", flexible, 120_000, 32_000, usd(0.12)),
		model("voyage-4", flexible, 320_000, 32_000, usd(0.06)),
		model("voyage-4-lite", flexible, 1_000_000, 32_000, usd(0.02)),
		model("voyage-code-4", flexible, 320_000, 32_000, embedding.Price{}),
		model("voyage-3.5", flexible, 320_000, 32_000, usd(0.06)),
		model("voyage-3.5-lite", flexible, 1_000_000, 32_000, usd(0.02)),
		model("voyage-3-large", flexible, 120_000, 32_000, usd(0.18)),
		model("voyage-code-3", flexible, 120_000, 32_000, usd(0.18)),
		model("voyage-finance-2", only, 120_000, 32_000, usd(0.12)),
		model("voyage-law-2", only, 120_000, 16_000, usd(0.12)),
	}
}

func tasks() map[embedding.Task]string {
	return map[embedding.Task]string{embedding.TaskDocument: "document", embedding.TaskQuery: "query"}
}
