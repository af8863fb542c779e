package models

import (
	"fmt"
	"slices"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/setup"
)

// Info describes one model, as its vendor documents it.
type Info struct {
	ID         string
	Dimensions int   // the default; 0 means unknown: see [embedding.Probe]
	Longest    int   // the most that Options.Dimensions may be; 0 means Dimensions
	Lengths    []int // the lengths on offer; nil means all up to the longest
	Fixed      bool  // refuses a length, even its own
	Normalized bool  // vectors have unit length
	Limits     embedding.Limits
	Price      embedding.Price // zero if it is free or unknown
	Unverified string          // figures that the vendor's own pages do not confirm
}

// openAI returns OpenAI's own embedding models, newest first.
//
// Sources: OpenAI's OpenAPI description (openai/openai-openapi: 2,048 inputs, 8,192 tokens an
// input, 300,000 tokens a request) and https://platform.openai.com/docs/pricing. Vectors have unit
// length at every dimension (https://platform.openai.com/docs/guides/embeddings).
func openAI() []Info {
	limits := embedding.Limits{Texts: 2_048, Tokens: 300_000, TextTokens: 8_192}
	usd := func(perMillion float64) embedding.Price {
		return embedding.Price{PerMillion: perMillion, Currency: "USD", AsOf: "2026-11-01"}
	}
	return []Info{
		{ID: "text-embedding-3-small", Dimensions: 1_536, Normalized: true, Limits: limits, Price: usd(0.02)},
		{ID: "text-embedding-3-large", Dimensions: 3_072, Normalized: true, Limits: limits, Price: usd(0.13)},
		{ID: "text-embedding-ada-002", Dimensions: 1_536, Fixed: true, Normalized: true, Limits: limits, Price: usd(0.10)},
	}
}

// Check checks that the model offers vectors of a length.
func (m Info) Check(dims int) error {
	longest := max(m.Longest, m.Dimensions)
	switch {
	case dims == 0 || m.ID == "":
		return nil
	case m.Fixed && dims != m.Dimensions:
		return fmt.Errorf("%s has no %d dimensions, it has %d only", m.ID, dims, m.Dimensions)
	case m.Lengths != nil && !slices.Contains(m.Lengths, dims):
		return fmt.Errorf("%s has no %d dimensions; it has %s", m.ID, dims, setup.Numbers(m.Lengths))
	case longest > 0 && dims > longest:
		return fmt.Errorf("%s has no %d dimensions, it has 1 to %d", m.ID, dims, longest)
	}
	return nil
}
