// Package tokenizer turns texts into token ids as Hugging Face's tokenizer.json says.
package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Tokenizer is safe for concurrent use.
type Tokenizer struct {
	Begin, End []int32 // ids around the tokens of a text
	Size       int     // every id is below it

	added []added
	first string // the bytes that added tokens begin with
	model model
}

// model finds the tokens of a text without added tokens.
type model interface {
	tokens(dst []int32, text string) []int32 // appends the ids
	size() int                               // above every id
}

// added is a token that is looked for in a text before anything else, such as [SEP].
type added struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"` // swallows the white space before it
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
}

// file is the part of tokenizer.json that decides a text's ids. Truncation and padding are the
// caller's.
type file struct {
	Added         []added         `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Model         json.RawMessage `json:"model"`
}

// Read reads the text of a tokenizer.json. What it does not know is an error that names it.
func Read(text []byte) (*Tokenizer, error) {
	var f file
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, err
	}
	t := &Tokenizer{added: f.Added}
	kind, err := kindOf(f.Model, "model")
	if err != nil {
		return nil, err
	}
	switch kind {
	case "WordPiece":
		t.model, err = readWordPiece(f)
	case "Unigram":
		t.model, err = readUnigram(f)
	default:
		return nil, fmt.Errorf("the model is of type %q; WordPiece and Unigram are read", kind)
	}
	if err != nil {
		return nil, err
	}
	t.Size = t.model.size()
	for _, a := range t.added {
		switch {
		case a.SingleWord || a.Normalized:
			return nil, fmt.Errorf("the added token %q has single_word or normalized, which are not read", a.Content)
		case a.Content == "" || a.ID < 0:
			return nil, errors.New("an added token is empty, or its id is below 0")
		}
		t.Size = max(t.Size, int(a.ID)+1)
		t.first += a.Content[:1]
	}
	return t, t.readTemplate(f.PostProcessor)
}

// kindOf returns the type of a part, "" if there is none.
func kindOf(part json.RawMessage, name string) (string, error) {
	if len(part) == 0 || string(part) == "null" {
		return "", nil
	}
	var t struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(part, &t); err != nil {
		return "", fmt.Errorf("the %s: %w", name, err)
	}
	if t.Type == "" && name == "model" {
		return "", errors.New("the model has no type")
	}
	return t.Type, nil
}

// decode reads a part that must be of one type.
func decode(part json.RawMessage, name, want string, to any) error {
	kind, err := kindOf(part, name)
	if err != nil {
		return err
	}
	if kind != want {
		return fmt.Errorf("the %s is of type %q, want %q", name, kind, want)
	}
	if err := json.Unmarshal(part, to); err != nil {
		return fmt.Errorf("the %s: %w", name, err)
	}
	return nil
}

// readTemplate reads what stands around a text's tokens.
func (t *Tokenizer) readTemplate(part json.RawMessage) error {
	kind, err := kindOf(part, "post_processor")
	if err != nil {
		return err
	}
	switch kind {
	case "":
		return nil
	case "BertProcessing", "RobertaProcessing":
		var p struct{ Cls, Sep pair }
		if err := decode(part, "post_processor", kind, &p); err != nil {
			return err
		}
		t.Begin, t.End = []int32{p.Cls.id}, []int32{p.Sep.id}
	case "TemplateProcessing":
		var p struct {
			Single []struct {
				SpecialToken *struct {
					ID string `json:"id"`
				}
				Sequence *struct{}
			} `json:"single"`
			Special map[string]struct {
				IDs []int32 `json:"ids"`
			} `json:"special_tokens"`
		}
		if err := decode(part, "post_processor", kind, &p); err != nil {
			return err
		}
		to, texts := &t.Begin, 0
		for _, piece := range p.Single {
			switch {
			case piece.Sequence != nil:
				to = &t.End
				texts++
			case piece.SpecialToken != nil:
				special, ok := p.Special[piece.SpecialToken.ID]
				if !ok {
					return fmt.Errorf("the post_processor names the token %q, and its special_tokens do not", piece.SpecialToken.ID)
				}
				*to = append(*to, special.IDs...)
			}
		}
		if texts != 1 {
			return fmt.Errorf("the post_processor has the text %d times, want once", texts)
		}
	default:
		return fmt.Errorf("the post_processor is of type %q; TemplateProcessing, BertProcessing and RobertaProcessing are read", kind)
	}
	for _, id := range append(t.Begin[:len(t.Begin):len(t.Begin)], t.End...) {
		if id < 0 {
			return fmt.Errorf("the post_processor has the id %d", id)
		}
		t.Size = max(t.Size, int(id)+1)
	}
	return nil
}

// pair is a token and its id in a list.
type pair struct{ id int32 }

func (p *pair) UnmarshalJSON(text []byte) error {
	var token string
	return json.Unmarshal(text, &[]any{&token, &p.id})
}

// Append appends the ids of a text's tokens, without Begin and End.
func (t *Tokenizer) Append(dst []int32, text string) []int32 {
	from, skipped := 0, 0
	for t.first != "" {
		at := strings.IndexAny(text[from+skipped:], t.first)
		if at < 0 {
			break
		}
		at += from + skipped
		a := t.addedAt(text[at:])
		if a == nil {
			skipped = at + 1 - from
			continue
		}
		before, behind := text[from:at], text[at+len(a.Content):]
		if a.LStrip {
			before = strings.TrimRightFunc(before, unicode.IsSpace)
		}
		if a.RStrip {
			behind = strings.TrimLeftFunc(behind, unicode.IsSpace)
		}
		dst = t.plain(dst, before)
		dst = append(dst, a.ID)
		from, skipped = len(text)-len(behind), 0
	}
	return t.plain(dst, text[from:])
}

// addedAt returns the longest added token that text begins with.
func (t *Tokenizer) addedAt(text string) (longest *added) {
	for i := range t.added {
		if a := &t.added[i]; strings.HasPrefix(text, a.Content) && (longest == nil || len(a.Content) > len(longest.Content)) {
			longest = a
		}
	}
	return longest
}

// plain appends the ids of a text between added tokens.
func (t *Tokenizer) plain(dst []int32, text string) []int32 {
	if text == "" {
		return dst
	}
	return t.model.tokens(dst, text)
}

// runeAt decodes a rune of a byte slice, quickly if it is ASCII.
func runeAt(s []byte) (rune, int) {
	if s[0] < utf8.RuneSelf {
		return rune(s[0]), 1
	}
	return utf8.DecodeRune(s)
}
