package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/vecspace/embedding"
)

// Refusal is an error as a vendor words it.
type Refusal struct {
	Status        int
	Code, Message string
	Kind          embedding.Kind // what a client should make of it
}

// With returns the refusal with its message's verbs filled in.
func (r Refusal) With(args ...any) Refusal {
	r.Message = fmt.Sprintf(r.Message, args...)
	return r
}

// Words are a vendor's refusals by the fault's name.
type Words map[string]Refusal

// Faults are the words as a Profile's Errors.
func (w Words) Faults() []FaultInfo {
	var all []FaultInfo
	for _, name := range slices.Sorted(maps.Keys(w)) {
		does := "error"
		if r := w[name]; r.Message != "" {
			does, _, _ = strings.Cut("error: "+r.Message, "\n")
		}
		all = append(all, FaultInfo{Name: name, Does: does, Status: w[name].Status, Kind: w[name].Kind})
	}
	return all
}

// Of returns the refusal of a fault; that of RequestRate for a BurstRate that the vendor has no words for.
func (w Words) Of(f Fault) Refusal {
	if r, ok := w[f.Name]; ok {
		return r
	}
	return w[RequestRate]
}

// Keys are the good ones.
type Keys map[string]bool

// GoodKeys returns the keys that are named, else DefaultKey.
func (o Options) GoodKeys() Keys {
	keys := Keys{}
	for _, k := range o.Keys {
		keys[k] = true
	}
	if len(keys) == 0 {
		keys[DefaultKey] = true
	}
	return keys
}

// Bearer is the key in a request's Authorization, "" if there is none.
func (r *Request) Bearer() string {
	scheme, key, _ := strings.Cut(r.Request.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

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

// Input is what some clients send: texts, or in their place the ids of one text's tokens or of many texts'. There are no Texts
// where it is neither.
type Input struct {
	Texts []string
	ids   [][]int // of each text
}

// UnmarshalJSON never fails: an input that is wrong is refused in other words than a body that is no JSON.
func (in *Input) UnmarshalJSON(raw []byte) error {
	var texts Texts
	var one []int
	*in = Input{}
	switch {
	case json.Unmarshal(raw, &texts) == nil:
		in.Texts = texts
	case json.Unmarshal(raw, &one) == nil && len(one) > 0:
		in.ids = [][]int{one}
	case json.Unmarshal(raw, &in.ids) != nil:
		in.ids = nil
	}
	for _, ids := range in.ids { // whose vectors are of no meaning
		in.Texts = append(in.Texts, strings.Trim(fmt.Sprint(ids), "[]"))
	}
	return nil
}

// Ids is whether token ids were sent.
func (in *Input) Ids() bool { return in.ids != nil }

// Count puts the number of ids in the place of what the texts were counted to have.
func (in *Input) Count(tokens []int) {
	for i, ids := range in.ids {
		tokens[i] = len(ids)
	}
}

// Excess is a limit that a call exceeds.
type Excess struct {
	Of           Limit
	Got, Allowed int
	Index        int // of a text that is too long
}

// Limit is one of a request's.
type Limit uint8

// The limits, in the order in which they are looked at.
const (
	CountOfTexts Limit = iota + 1
	TokensOfText
	TokensOfRequest
	BytesOfRequest
)

// Length is whether the limit is one of length, not of number.
func (e *Excess) Length() bool { return e.Of != CountOfTexts }

// Cut is what happens to a text that is too long.
type Cut uint8

// What may happen to it.
const (
	CutNone  Cut = iota // it is refused
	CutEnd              // it loses its end
	CutStart            // it loses its start
)

// Excess returns the first limit that a call exceeds, nil if there is none. What is cut is cut in the call and in tokens.
func (r *Request) Excess(c *Call, l embedding.Limits, tokens []int, cut Cut) *Excess {
	if l.Texts > 0 && len(c.Texts) > l.Texts {
		return &Excess{Of: CountOfTexts, Got: len(c.Texts), Allowed: l.Texts}
	}
	sum, bytes := 0, 0
	for i := range c.Texts {
		if l.TextTokens > 0 && tokens[i] > l.TextTokens {
			if cut == CutNone {
				return &Excess{Of: TokensOfText, Got: tokens[i], Allowed: l.TextTokens, Index: i}
			}
			c.Texts[i] = r.shorten(c.Texts[i], l.TextTokens, cut)
			tokens[i] = r.Tokens(c.Texts[i])
		}
		sum += tokens[i]
		bytes += len(c.Texts[i])
	}
	switch {
	case l.Tokens > 0 && sum > l.Tokens:
		return &Excess{Of: TokensOfRequest, Got: sum, Allowed: l.Tokens}
	case l.Bytes > 0 && bytes > l.Bytes:
		return &Excess{Of: BytesOfRequest, Got: bytes, Allowed: l.Bytes}
	}
	return nil
}

// shorten returns the longest beginning, or end, of a text that has at most n tokens.
func (r *Request) shorten(text string, n int, cut Cut) string {
	starts := make([]int, 0, len(text)+1) // of its runes
	for i := range text {
		starts = append(starts, i)
	}
	starts = append(starts, len(text))
	part := func(runes int) string {
		if cut == CutStart {
			return text[starts[len(starts)-1-runes]:]
		}
		return text[:starts[runes]]
	}
	least, most := 1, utf8.RuneCountInString(text)
	for least < most {
		if half := (least + most + 1) / 2; r.Tokens(part(half)) <= n {
			least = half
		} else {
			most = half - 1
		}
	}
	return part(least)
}

// List appends a list of vectors as OpenAI writes it, and those who write the same. usage is the JSON of that.
func List(dst []byte, items []Item, model, usage string) []byte {
	dst = append(dst, `{"object":"list","data":[`...)
	for i, it := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"object":"embedding","embedding":`...)
		dst = append(dst, it.Vector...)
		dst = append(dst, `,"index":`...)
		dst = strconv.AppendInt(dst, int64(it.Index), 10)
		dst = append(dst, '}')
	}
	dst = append(dst, `],"model":`...)
	dst = append(dst, JSON(model)...)
	dst = append(dst, `,"usage":`...)
	dst = append(dst, usage...)
	return append(dst, '}')
}
