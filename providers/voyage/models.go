package voyage

import (
	"strings"

	"github.com/vecspace/embedding"
)

// ModelInfo is what Voyage documents about one of its models.
type ModelInfo struct {
	ID         string
	Series     string                    // of models that share one vector space; "" shares with none
	Dimensions []int                     // every length a vector can have, the default first
	Tasks      map[embedding.Task]string // what the service calls them (input_type); the others get no prompt
	Normalized bool
	Limits     embedding.Limits
	Price      embedding.Price // zero: none was read
	Unverified string          // which of these figures were not checked against Voyage's own word; "" is none
}

// Models returns Voyage's text models, newest first. The result is the caller's own.
//
// Sources: dimensions, lengths and the shared space of series 4 https://docs.voyageai.com/embeddings; 1,000 texts and tokens of a
// request https://docs.voyageai.com/reference/embeddings-api, quoted in https://github.com/ggozad/haiku.rag/issues/365; unit
// length https://docs.voyageai.com/docs/faq; prices of series 4 https://vercel.com/ai-gateway/models/voyage-4.md and -4-large.md.
func Models() []ModelInfo {
	usd := func(perMillion float64) embedding.Price {
		return embedding.Price{PerMillion: perMillion, Currency: "USD", AsOf: "2026-11-24"}
	}
	model := func(id string, dims []int, tokens, textTokens int, price embedding.Price, unverified string) ModelInfo {
		m := ModelInfo{ID: id, Dimensions: dims, Tasks: tasks(), Normalized: true, Price: price, Unverified: unverified}
		m.Limits = embedding.Limits{Texts: 1000, Tokens: tokens, TextTokens: textTokens}
		if strings.HasPrefix(id, "voyage-4") {
			m.Series = "voyage-4"
		}
		return m
	}
	const reseller = "price (a reseller's), normalized"
	any4, only := []int{1024, 256, 512, 2048}, []int{1024}
	var none embedding.Price
	return []ModelInfo{
		model("voyage-4-large", any4, 120_000, 32_000, usd(0.12), reseller),
		model("voyage-4", any4, 320_000, 32_000, usd(0.06), reseller),
		model("voyage-4-lite", any4, 1_000_000, 32_000, usd(0.02), reseller),
		model("voyage-3.5", any4, 320_000, 32_000, none, "dimensions, normalized"),
		model("voyage-3.5-lite", any4, 1_000_000, 32_000, none, "dimensions, normalized"),
		model("voyage-3-large", any4, 120_000, 32_000, usd(0.18), "dimensions, price, normalized"),
		model("voyage-code-3", any4, 120_000, 32_000, none, "normalized"),
		model("voyage-finance-2", only, 120_000, 32_000, none, "normalized"),
		model("voyage-law-2", only, 120_000, 16_000, none, "normalized"),
	}
}

func tasks() map[embedding.Task]string {
	return map[embedding.Task]string{embedding.TaskDocument: "document", embedding.TaskQuery: "query"}
}
