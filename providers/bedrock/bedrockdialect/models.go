package bedrockdialect

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
)

type titan struct {
	Text       *string  `json:"inputText"`
	Dimensions *int     `json:"dimensions"`
	Normalize  *bool    `json:"normalize"`
	Types      []string `json:"embeddingTypes"`
}

func parseTitan(name string, body []byte) (dialect.Call, *dialect.Refusal) {
	c := dialect.Call{Model: name}
	var req titan
	if err := dialect.Strict(body, &req); err != nil {
		return c, bad("#: %v", err)
	}
	if req.Text == nil {
		return c, bad("#: required key [inputText] not found")
	}
	c.Texts, c.Dimensions, c.Raw, c.Rest = []string{*req.Text}, req.Dimensions, req.Normalize != nil && !*req.Normalize, req
	return c, nil
}

func (req titan) check(c *dialect.Call, m dialect.Model, over *dialect.Excess) *dialect.Refusal {
	n := utf8.RuneCountInString(c.Texts[0])
	switch {
	case n == 0:
		return bad("expected minLength: 1, actual: 0")
	case n > 50_000:
		why := bad("expected maxLength: 50000, actual: %d", n)
		why.Long = true
		return why
	case !m.Offers(m.Length(c)):
		return bad("#/dimensions: %d is not a valid enum value", m.Length(c))
	case len(req.Types) > 0 && !slices.Equal(req.Types, []string{"float"}):
		return bad("#/embeddingTypes: there is float only")
	case over != nil && over.Allowed.TextTokens > 0:
		return over.Refuse(tooLong)
	}
	return nil
}

type cohere struct {
	Texts      dialect.Texts `json:"texts"`
	InputType  string        `json:"input_type"`
	Types      []string      `json:"embedding_types"`
	Truncate   string        `json:"truncate"`
	Dimensions *int          `json:"output_dimension"`
	MaxTokens  int           `json:"max_tokens"`

	cuts    map[string]dialect.Cut
	longest int // index of the first text with more characters than v3 takes
	runes   int // its length; 0 means no such text
}

var roles = map[string]embedding.Task{"search_document": embedding.TaskDocument, "search_query": embedding.TaskQuery,
	"classification": embedding.TaskClassification, "clustering": embedding.TaskClustering}

// Values of truncate: v4 has other names for the ends than v3.
var (
	cutsV3 = map[string]dialect.Cut{"": dialect.CutNone, "NONE": dialect.CutNone, "START": dialect.CutStart, "END": dialect.CutEnd}
	cutsV4 = map[string]dialect.Cut{"": dialect.CutEnd, "NONE": dialect.CutNone, "LEFT": dialect.CutStart, "RIGHT": dialect.CutEnd}
)

func parseCohere(name string, body []byte) (dialect.Call, *dialect.Refusal) {
	c := dialect.Call{Model: name}
	var req cohere
	if err := dialect.Strict(body, &req); err != nil {
		return c, bad("#: %v", err)
	}
	req.cuts = cutsV4
	if strings.HasSuffix(name, "-v3") {
		req.cuts = cutsV3
	}
	for i, text := range req.Texts { // before any text is cut
		if n := utf8.RuneCountInString(text); n > 2_048 && req.runes == 0 {
			req.longest, req.runes = i, n
		}
	}
	c.Texts, c.Role, c.Task, c.Dimensions, c.Cut, c.Rest = req.Texts, req.InputType, roles[req.InputType], req.Dimensions, req.cuts[req.Truncate], req
	return c, nil
}

func (req cohere) check(c *dialect.Call, m dialect.Model, over *dialect.Excess) *dialect.Refusal {
	_, role := roles[req.InputType]
	_, cut := req.cuts[req.Truncate]
	switch {
	case len(c.Texts) == 0:
		return bad("#: required key [texts] not found")
	case !role:
		return bad("#/input_type: %s is not a valid enum value", req.InputType)
	case !cut:
		return bad("#/truncate: %s is not a valid enum value", req.Truncate)
	case req.Dimensions != nil && m.Fixed():
		return bad("#: extraneous key [output_dimension] is not permitted")
	case !m.Offers(m.Length(c)):
		return bad("#/output_dimension: %d is not a valid enum value", m.Length(c))
	case len(req.Types) > 0 && !slices.Equal(req.Types, []string{"float"}):
		return bad("#/embedding_types: there is float only")
	case over != nil && over.Allowed.Texts > 0:
		return bad("#/texts: expected maximum item count: %d, found: %d", over.Allowed.Texts, over.Got)
	case m.Fixed() && req.runes > 0:
		why := bad("#/texts/%d: expected maxLength: 2048, actual: %d", req.longest, req.runes)
		why.Long = true
		return why
	case over != nil:
		return over.Refuse(tooLongIn)
	}
	return nil
}
