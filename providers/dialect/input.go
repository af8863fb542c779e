package dialect

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
)

// Strict decodes one JSON object, and refuses fields that into has not.
func Strict(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("there is more than one JSON value")
	}
	return nil
}

// Texts is a text or a list of texts.
type Texts []string

// UnmarshalJSON refuses anything else.
func (t *Texts) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil && raw[0] == '"' {
		*t = Texts{one}
		return nil
	}
	var all []*string // null is not a string
	if err := json.Unmarshal(raw, &all); err != nil || slices.Contains(all, nil) {
		return errors.New("the input is neither a string nor a list of strings")
	}
	*t = nil
	for _, s := range all {
		*t = append(*t, *s)
	}
	return nil
}

// Input is what some clients send: texts, or in their place the ids of one text's tokens or of many
// texts'. It is empty where the input is neither.
type Input struct {
	Texts []string
	IDs   [][]int // of each text
}

// UnmarshalJSON never fails: an input that is wrong is refused in other words than a body that is
// no JSON.
func (in *Input) UnmarshalJSON(raw []byte) error {
	var texts Texts
	var one []int
	*in = Input{}
	switch {
	case json.Unmarshal(raw, &texts) == nil:
		in.Texts = texts
	case json.Unmarshal(raw, &one) == nil && len(one) > 0:
		in.IDs = [][]int{one}
	case json.Unmarshal(raw, &in.IDs) != nil:
		in.IDs = nil
	}
	return nil
}
