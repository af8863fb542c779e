package dialect

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
)

// Strict decodes one JSON object. An object with a field that into does not have is an error.
func Strict(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more than one JSON value")
	}
	return nil
}

// Texts is JSON input that holds one text or a list of texts.
type Texts []string

// UnmarshalJSON returns an error for anything else.
func (t *Texts) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		var one string
		if err := json.Unmarshal(raw, &one); err != nil {
			return err
		}
		*t = Texts{one}
		return nil
	}
	var all []*string // null is not a string
	if err := json.Unmarshal(raw, &all); err != nil || slices.Contains(all, nil) {
		return errors.New("the input is neither a string nor a list of strings")
	}
	*t = nil
	if len(all) > 0 {
		*t = make(Texts, len(all))
	}
	for i, s := range all {
		(*t)[i] = *s
	}
	return nil
}

// Input is the input that some clients send: texts, or the token ids of one or many texts. It is
// empty if the JSON has neither.
type Input struct {
	Texts []string
	IDs   [][]int // per text
}

// UnmarshalJSON never returns an error, because services refuse a wrong input with other words than
// a body that is not JSON.
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
