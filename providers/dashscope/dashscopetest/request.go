package dashscopetest

import (
	"encoding/json"

	"github.com/vecspace/embedding/providers/internal/emulator"
)

// call is what a request asks for, whichever path it came on.
type call struct {
	model         string
	texts         []string
	textual       bool // input was a string or strings
	dimensions    int  // 0: not given
	badDimensions bool // given, but no positive integer
	badParameter  string
	role          string // of a query, in the native API: text_type and instruct
	encoding      string
}

func (v *vendor) Parse(r *emulator.Request, body []byte) (emulator.Call, *emulator.Reply) {
	if len(body) > emulator.MaxBody {
		return emulator.Call{}, v.refuse(r, tooLarge) // the service's own limit is not known
	}
	parse := parseCompatible
	if native(r) {
		parse = parseNative
	}
	c, p := parse(body)
	if p != nil {
		return emulator.Call{}, v.refuse(r, *p)
	}
	if _, ok := v.models[c.model]; !ok {
		return emulator.Call{}, v.refuse(r, unknown(c.model, native(r)))
	}
	return emulator.Call{Model: c.model, Texts: c.texts, Base64: c.encoding == "base64", Role: c.role, Rest: c}, nil
}

func parseCompatible(body []byte) (call, *problem) {
	// text_type and instruct are accepted and ignored, like every other field that is not listed: whether the service heeds
	// them here is not known.
	var req struct {
		Model          string          `json:"model"`
		Input          json.RawMessage `json:"input"`
		Dimensions     json.RawMessage `json:"dimensions"`
		EncodingFormat *string         `json:"encoding_format"`
	}
	if err := json.Unmarshal(body, &req); err != nil {
		return call{}, &badJSON
	}
	if req.Model == "" {
		return call{}, &noModel
	}
	c := call{model: req.Model, encoding: "float"}
	c.texts, c.textual = contents(req.Input)
	c.setDimensions(req.Dimensions)
	if req.EncodingFormat != nil {
		c.encoding = *req.EncodingFormat
	}
	return c, nil
}

func parseNative(body []byte) (call, *problem) {
	var req struct {
		Model      string          `json:"model"`
		Input      json.RawMessage `json:"input"`
		Parameters json.RawMessage `json:"parameters"`
	}
	if err := json.Unmarshal(body, &req); err != nil {
		return call{}, &badJSON
	}
	switch {
	case req.Model == "":
		return call{}, &noModel
	case absent(req.Input):
		return call{}, &emptyInput
	case absent(req.Parameters):
		return call{}, &emptyParameters
	}
	var input struct {
		Texts json.RawMessage `json:"texts"`
	}
	if json.Unmarshal(req.Input, &input) != nil {
		return call{}, &illegalInput
	}
	// Here text_type and instruct take effect: a document's vector is that of the compatible API. Of output_type only dense is
	// emulated.
	var parameters struct {
		Dimension  json.RawMessage `json:"dimension"`
		TextType   string          `json:"text_type"`
		OutputType string          `json:"output_type"`
		Instruct   string          `json:"instruct"`
	}
	if json.Unmarshal(req.Parameters, &parameters) != nil {
		return call{}, &badJSON
	}
	c := call{model: req.Model, encoding: "float"}
	c.texts, c.textual = contents(input.Texts)
	c.setDimensions(parameters.Dimension)
	switch parameters.TextType {
	case "", "document":
	case "query":
		if c.role = "query"; parameters.Instruct != "" {
			c.role += ": " + parameters.Instruct
		}
	default:
		c.badParameter = "text_type"
	}
	switch parameters.OutputType {
	case "", "dense":
	default:
		c.badParameter = "output_type"
	}
	return c, nil
}

func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

func (c *call) setDimensions(raw json.RawMessage) {
	if absent(raw) {
		return
	}
	if json.Unmarshal(raw, &c.dimensions) != nil || c.dimensions <= 0 {
		c.badDimensions = true
	}
}

// contents reads a string or an array of strings. What an empty array gets is not known: it is refused like any other
// input that is neither.
func contents(raw json.RawMessage) ([]string, bool) {
	if absent(raw) {
		return nil, false
	}
	if raw[0] == '"' {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return nil, false
		}
		return []string{text}, true
	}
	var texts []*string // null is not a string
	if json.Unmarshal(raw, &texts) != nil || len(texts) == 0 {
		return nil, false
	}
	out := make([]string, len(texts))
	for i, t := range texts {
		if t == nil {
			return nil, false
		}
		out[i] = *t
	}
	return out, true
}
