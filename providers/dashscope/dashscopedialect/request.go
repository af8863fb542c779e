package dashscopedialect

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dashscope/internal/problem"
	"github.com/vecspace/embedding/providers/dialect"
)

// call is the content of a request that dialect.Call has no field for, on either path.
type call struct {
	textual       bool // input was a string or strings
	badDimensions bool // given, but not a positive integer
	badParameter  string
	encoding      string
}

func (wire) Parse(r *dialect.Request, body []byte) (dialect.Call, *dialect.Refusal) {
	if problem.Native(r) {
		return parseNative(r, body)
	}
	// text_type and instruct are accepted and ignored, like every other unlisted field. Whether the
	// service respects them here is unknown.
	var req struct {
		Model          string          `json:"model"`
		Input          json.RawMessage `json:"input"`
		Dimensions     json.RawMessage `json:"dimensions"`
		EncodingFormat *string         `json:"encoding_format"`
	}
	if err := json.Unmarshal(body, &req); err != nil {
		return dialect.Call{}, problem.BadJSON.Say(r)
	}
	if req.Model == "" {
		return dialect.Call{}, problem.NoModel.Say(r)
	}
	encoding := "float"
	if req.EncodingFormat != nil {
		encoding = *req.EncodingFormat
	}
	return newCall(req.Model, req.Input, req.Dimensions, call{encoding: encoding}), nil
}

func parseNative(r *dialect.Request, body []byte) (dialect.Call, *dialect.Refusal) {
	var req struct {
		Model      string          `json:"model"`
		Input      json.RawMessage `json:"input"`
		Parameters json.RawMessage `json:"parameters"`
	}
	if err := json.Unmarshal(body, &req); err != nil {
		return dialect.Call{}, problem.BadJSON.Say(r)
	}
	switch {
	case req.Model == "":
		return dialect.Call{}, problem.NoModel.Say(r)
	case absent(req.Input):
		return dialect.Call{}, problem.EmptyInput.Say(r)
	case absent(req.Parameters):
		return dialect.Call{}, problem.EmptyParameters.Say(r)
	}
	var input struct {
		Texts json.RawMessage `json:"texts"`
	}
	if json.Unmarshal(req.Input, &input) != nil {
		return dialect.Call{}, problem.IllegalInput.Say(r)
	}
	// On this path text_type and instruct take effect. A document's vector is the compatible API's.
	var parameters struct {
		Dimension  json.RawMessage `json:"dimension"`
		TextType   string          `json:"text_type"`
		OutputType string          `json:"output_type"`
		Instruct   string          `json:"instruct"`
	}
	if json.Unmarshal(req.Parameters, &parameters) != nil {
		return dialect.Call{}, problem.BadJSON.Say(r)
	}
	rest := call{encoding: "float"}
	if !slices.Contains([]string{"", "document", "query"}, parameters.TextType) {
		rest.badParameter = "text_type"
	}
	if !slices.Contains([]string{"", "dense"}, parameters.OutputType) {
		rest.badParameter = "output_type"
	}
	c := newCall(req.Model, input.Texts, parameters.Dimension, rest)
	if parameters.TextType == "query" {
		if c.Task, c.Role = embedding.TaskQuery, "query"; parameters.Instruct != "" {
			c.Role += ": " + parameters.Instruct
		}
	}
	return c, nil
}

func newCall(model string, input, dimensions json.RawMessage, rest call) dialect.Call {
	c := dialect.Call{Model: model, Base64: rest.encoding == "base64"}
	c.Texts, rest.textual = contents(input)
	if !absent(dimensions) {
		n := 0
		rest.badDimensions = json.Unmarshal(dimensions, &n) != nil || n <= 0
		c.Dimensions = &n
	}
	c.Rest = rest
	return c
}

func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// contents reads a string or an array of strings. The service's answer to an empty array is
// unknown; it is refused like other bad input.
func contents(raw json.RawMessage) ([]string, bool) {
	var texts dialect.Texts
	if absent(raw) || json.Unmarshal(raw, &texts) != nil || len(texts) == 0 {
		return nil, false
	}
	return texts, true
}

// old reports whether a model is older than v3. Such models have other error texts.
func old(model string) bool { return model == "text-embedding-v1" || model == "text-embedding-v2" }

// Check checks the input, the number of texts, the dimensions and the length, in the service's
// order.
func (wire) Check(r *dialect.Request, c *dialect.Call, m dialect.Model, over *dialect.Excess) *dialect.Refusal {
	req := c.Rest.(call)
	if m.Fixed() { // the service ignores dimensions here
		c.Dimensions, req.badDimensions = nil, false
	}
	badContents, batchSize := problem.BadContents, problem.BatchSize
	if old(m.ID) {
		badContents, batchSize = problem.BadContentsOld, problem.BatchSizeOld
	}
	blank := slices.IndexFunc(c.Texts, func(text string) bool { // the service is said to strip a text before checking it
		return strings.TrimSpace(text) == ""
	})
	switch {
	case !req.textual:
		return badContents.Say(r)
	case over != nil && over.Allowed.Texts > 0:
		return over.Refuse(batchSize.Spell(problem.Native(r)))
	case req.badDimensions || !m.Offers(m.Length(c)):
		return problem.BadDimensions.Say(r)
	case req.badParameter != "":
		return problem.BadParameter.Say(r, "{field}", req.badParameter)
	case req.encoding != "float" && req.encoding != "base64":
		return problem.BadEncoding.Say(r)
	case over != nil && over.Allowed.TextTokens > 0 && (blank < 0 || over.Index < blank):
		return over.Refuse(problem.BadRange.Spell(problem.Native(r)))
	case blank >= 0:
		return problem.BadRange.Say(r, "{allowed}", strconv.Itoa(m.Limits.TextTokens))
	case over != nil:
		return over.Refuse(problem.TooLarge.Spell(problem.Native(r)))
	}
	return nil
}
