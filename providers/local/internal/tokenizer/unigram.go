package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unigram splits a text as SentencePiece does: into the pieces whose scores have the highest sum.
type unigram struct {
	normal []normalizer
	spaces metaspace
	words  bool // white space splits the text before anything else, and vanishes
	pieces map[string]int32
	scores []float64
	ids    int

	unknown int32
	penalty float64 // the score of a character without a piece
	longest int     // bytes of a piece
}

// metaspace makes a visible mark of spaces.
type metaspace struct {
	Replacement string `json:"replacement"`
	Prefix      *bool  `json:"add_prefix_space"` // the older form of Scheme
	Scheme      string `json:"prepend_scheme"`
	Split       *bool  `json:"split"` // before each mark; nil means true
}

// entry is a piece and its score, in a list.
type entry struct {
	piece string
	score float64
}

func (e *entry) UnmarshalJSON(text []byte) (err error) {
	comma := bytes.LastIndexByte(text, ',')
	if comma < 0 || text[0] != '[' {
		return fmt.Errorf("%.40s is not a piece with its score", text)
	}
	if err := json.Unmarshal(text[1:comma], &e.piece); err != nil {
		return err
	}
	e.score, err = strconv.ParseFloat(string(bytes.TrimSpace(text[comma+1:len(text)-1])), 64)
	return err
}

func readUnigram(f file) (*unigram, error) {
	var m struct {
		Unknown *int32  `json:"unk_id"`
		Bytes   bool    `json:"byte_fallback"`
		Vocab   []entry `json:"vocab"`
	}
	if err := decode(f.Model, "model", "Unigram", &m); err != nil {
		return nil, err
	}
	switch {
	case m.Bytes:
		return nil, errors.New("the model has byte_fallback, which is not read")
	case m.Unknown == nil || *m.Unknown < 0 || int(*m.Unknown) >= len(m.Vocab):
		return nil, errors.New("the model's unk_id is no piece")
	}
	u := &unigram{pieces: make(map[string]int32, len(m.Vocab)), unknown: *m.Unknown, ids: len(m.Vocab)}
	least := math.Inf(1)
	for id, e := range m.Vocab {
		u.pieces[e.piece] = int32(id)
		u.scores = append(u.scores, e.score)
		u.longest = max(u.longest, len(e.piece))
		least = min(least, e.score)
	}
	u.penalty = least - 10
	var err error
	if u.normal, err = readNormalizers(f.Normalizer); err != nil {
		return nil, err
	}
	return u, u.readSpaces(f.PreTokenizer)
}

func (u *unigram) readSpaces(part json.RawMessage) error {
	kind, err := kindOf(part, "pre_tokenizer")
	if err != nil {
		return err
	}
	if kind == "Sequence" {
		var s struct {
			Parts []json.RawMessage `json:"pretokenizers"`
		}
		if err := decode(part, "pre_tokenizer", kind, &s); err != nil {
			return err
		}
		if len(s.Parts) != 2 {
			return fmt.Errorf("the pre_tokenizer is a Sequence of %d, want WhitespaceSplit and Metaspace", len(s.Parts))
		}
		if err := decode(s.Parts[0], "pre_tokenizer's first part", "WhitespaceSplit", &struct{}{}); err != nil {
			return err
		}
		u.words, part = true, s.Parts[1]
	}
	if err := decode(part, "pre_tokenizer", "Metaspace", &u.spaces); err != nil {
		return err
	}
	m := &u.spaces
	if m.Scheme == "" {
		m.Scheme = "always"
		if m.Prefix != nil && !*m.Prefix {
			m.Scheme = "never"
		}
	}
	if m.Replacement == "" || m.Scheme != "always" && m.Scheme != "never" {
		return fmt.Errorf("the Metaspace has the replacement %q and the prepend_scheme %q; always and never are read", m.Replacement, m.Scheme)
	}
	return nil
}

func (u *unigram) size() int { return u.ids }

func (u *unigram) tokens(dst []int32, text string) []int32 {
	text = strings.ToValidUTF8(text, "\uFFFD")
	for _, n := range u.normal {
		text = n(text)
	}
	if !u.words {
		return u.marked(dst, text)
	}
	for word := range strings.FieldsFuncSeq(text, unicode.IsSpace) {
		dst = u.marked(dst, word)
	}
	return dst
}

// marked appends the ids of a text whose spaces become marks.
func (u *unigram) marked(dst []int32, text string) []int32 {
	if text == "" {
		return dst
	}
	mark := u.spaces.Replacement
	text = strings.ReplaceAll(text, " ", mark)
	if u.spaces.Scheme == "always" && !strings.HasPrefix(text, mark) {
		text = mark + text
	}
	if u.spaces.Split != nil && !*u.spaces.Split {
		return u.best(dst, text)
	}
	for text != "" {
		end := len(text)
		_, first := utf8.DecodeRuneInString(text)
		if at := strings.Index(text[first:], mark); at >= 0 {
			end = at + first
		}
		dst = u.best(dst, text[:end])
		text = text[end:]
	}
	return dst
}

// node is the best way to an end of a text's beginnings.
type node struct {
	score float64
	from  int
	id    int32 // of the last piece; -1 if there is no way
}

// best appends the pieces of the best way through a text: Viterbi's algorithm. Characters without a
// piece that follow each other are one unknown token.
func (u *unigram) best(dst []int32, text string) []int32 {
	nodes := make([]node, len(text)+1)
	for i := range nodes {
		nodes[i].id = -1
	}
	nodes[0] = node{}
	reach := func(from, to int, id int32, score float64) {
		if score += nodes[from].score; nodes[to].id < 0 || score > nodes[to].score {
			nodes[to] = node{score, from, id}
		}
	}
	for from := 0; from < len(text); {
		_, width := utf8.DecodeRuneInString(text[from:])
		single := false
		for to := from + width; to <= len(text) && to-from <= u.longest; {
			if id, ok := u.pieces[text[from:to]]; ok {
				reach(from, to, id, u.scores[id])
				single = single || to == from+width
			}
			if to == len(text) {
				break
			}
			_, next := utf8.DecodeRuneInString(text[to:])
			to += next
		}
		if !single {
			reach(from, from+width, u.unknown, u.penalty)
		}
		from += width
	}
	begin := len(dst)
	for at := len(text); at > 0; at = nodes[at].from {
		if id := nodes[at].id; id != u.unknown || len(dst) == begin || dst[len(dst)-1] != u.unknown {
			dst = append(dst, id)
		}
	}
	slices.Reverse(dst[begin:])
	return dst
}
