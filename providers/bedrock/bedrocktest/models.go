package bedrocktest

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/bedrock"
	"github.com/vecspace/embedding/providers/internal/emulator"
)

type titan struct {
	Text       *string  `json:"inputText"`
	Dimensions *int     `json:"dimensions"`
	Normalize  *bool    `json:"normalize"`
	Types      []string `json:"embeddingTypes"`
}

func (req titan) check(r *emulator.Request, c *emulator.Call, info bedrock.ModelInfo, limits embedding.Limits, tokens []int) (*emulator.Reply, bool) {
	if req.Dimensions != nil {
		c.Dimensions = *req.Dimensions
	}
	if req.Normalize != nil && !*req.Normalize {
		c.Full = info.Dimensions[0]
	}
	n := utf8.RuneCountInString(c.Texts[0])
	switch {
	case n == 0:
		return refuse(r, malformed.With("expected minLength: 1, actual: 0")), false
	case n > 50_000:
		return refuse(r, malformed.With(fmt.Sprintf("expected maxLength: 50000, actual: %d", n))), true
	case !slices.Contains(info.Dimensions, c.Dimensions):
		return refuse(r, malformed.With(fmt.Sprintf("#/dimensions: %d is not a valid enum value", c.Dimensions))), false
	case len(req.Types) > 0 && !slices.Equal(req.Types, []string{"float"}):
		return refuse(r, malformed.With("#/embeddingTypes: the emulator has float only")), false
	case limits.TextTokens > 0 && tokens[0] > limits.TextTokens:
		return refuse(r, tooLong.With(limits.TextTokens, tokens[0])), true
	}
	return nil, false
}

type cohere struct {
	Texts      emulator.Texts `json:"texts"`
	InputType  string         `json:"input_type"`
	Types      []string       `json:"embedding_types"`
	Truncate   string         `json:"truncate"`
	Dimensions *int           `json:"output_dimension"`
	MaxTokens  int            `json:"max_tokens"`
}

var roles = []string{"search_document", "search_query", "classification", "clustering"}

// What truncate may be: v4 calls the ends by other names than v3.
var (
	cutsV3 = map[string]emulator.Cut{"": emulator.CutNone, "NONE": emulator.CutNone, "START": emulator.CutStart, "END": emulator.CutEnd}
	cutsV4 = map[string]emulator.Cut{"": emulator.CutEnd, "NONE": emulator.CutNone, "LEFT": emulator.CutStart, "RIGHT": emulator.CutEnd}
)

func (req cohere) check(r *emulator.Request, c *emulator.Call, info bedrock.ModelInfo, limits embedding.Limits, tokens []int) (*emulator.Reply, bool) {
	v3 := len(info.Dimensions) == 1
	cuts := cutsV4
	if v3 {
		cuts = cutsV3
	}
	if req.Dimensions != nil {
		c.Dimensions = *req.Dimensions
	}
	cut, known := cuts[req.Truncate]
	switch {
	case len(c.Texts) == 0:
		return refuse(r, malformed.With("#: required key [texts] not found")), false
	case !slices.Contains(roles, req.InputType):
		return refuse(r, malformed.With(fmt.Sprintf("#/input_type: %s is not a valid enum value", req.InputType))), false
	case !known:
		return refuse(r, malformed.With(fmt.Sprintf("#/truncate: %s is not a valid enum value", req.Truncate))), false
	case req.Dimensions != nil && v3:
		return refuse(r, malformed.With("#: extraneous key [output_dimension] is not permitted")), false
	case !slices.Contains(info.Dimensions, c.Dimensions):
		return refuse(r, malformed.With(fmt.Sprintf("#/output_dimension: %d is not a valid enum value", c.Dimensions))), false
	case len(req.Types) > 0 && !slices.Equal(req.Types, []string{"float"}):
		return refuse(r, malformed.With("#/embedding_types: the emulator has float only")), false
	case limits.Texts > 0 && len(c.Texts) > limits.Texts:
		return refuse(r, malformed.With(fmt.Sprintf("#/texts: expected maximum item count: %d, found: %d", limits.Texts, len(c.Texts)))), false
	}
	for i, text := range c.Texts { // before it could be cut
		if n := utf8.RuneCountInString(text); v3 && n > 2_048 {
			return refuse(r, malformed.With(fmt.Sprintf("#/texts/%d: expected maxLength: 2048, actual: %d", i, n))), true
		}
	}
	if r.Excess(c, limits, tokens, cut) != nil {
		return refuse(r, tooLongIn), true
	}
	return nil, false
}
