package tokenizer

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// wordPiece splits a text as BERT does: into words, which it covers with the longest pieces.
type wordPiece struct {
	bert
	whole, rest map[string]int32 // pieces that begin a word, and the others without their prefix
	unknown     int32
	most        int // characters of a word
	longest     int // bytes of a piece
	ids         int
}

// bert is the normalizer.
type bert struct {
	CleanText    bool  `json:"clean_text"`
	Han          bool  `json:"handle_chinese_chars"`
	StripAccents *bool `json:"strip_accents"` // nil means as Lowercase
	Lowercase    bool  `json:"lowercase"`
}

func readWordPiece(f file) (*wordPiece, error) {
	var m struct {
		Unknown string           `json:"unk_token"`
		Prefix  string           `json:"continuing_subword_prefix"`
		Most    int              `json:"max_input_chars_per_word"`
		Vocab   map[string]int32 `json:"vocab"`
	}
	if err := decode(f.Model, "model", "WordPiece", &m); err != nil {
		return nil, err
	}
	w := &wordPiece{whole: make(map[string]int32, len(m.Vocab)), rest: make(map[string]int32), most: m.Most}
	if err := decode(f.Normalizer, "normalizer", "BertNormalizer", &w.bert); err != nil {
		return nil, err
	}
	if err := decode(f.PreTokenizer, "pre_tokenizer", "BertPreTokenizer", &struct{}{}); err != nil {
		return nil, err
	}
	if m.Prefix == "" || m.Most <= 0 {
		return nil, fmt.Errorf("the model has the continuing_subword_prefix %q and max_input_chars_per_word %d, want both", m.Prefix, m.Most)
	}
	for piece, id := range m.Vocab {
		if id < 0 {
			return nil, fmt.Errorf("the vocabulary has the id %d for %q", id, piece)
		}
		w.ids = max(w.ids, int(id)+1)
		w.longest = max(w.longest, len(piece))
		if n := len(m.Prefix); len(piece) > n && piece[:n] == m.Prefix {
			w.rest[piece[n:]] = id
		}
		w.whole[piece] = id
	}
	var ok bool
	if w.unknown, ok = w.whole[m.Unknown]; !ok {
		return nil, fmt.Errorf("the unk_token %q is not in the vocabulary", m.Unknown)
	}
	return w, nil
}

func (w *wordPiece) size() int { return w.ids }

func (w *wordPiece) tokens(dst []int32, text string) []int32 {
	clean := w.normalize(make([]byte, 0, len(text)+len(text)/8), text)
	for i := 0; i < len(clean); {
		r, n := runeAt(clean[i:])
		switch {
		case space(r):
			i += n
		case punctuation(r):
			dst = w.word(dst, clean[i:i+n])
			i += n
		default:
			from := i
			for i < len(clean) && !space(r) && !punctuation(r) {
				if i += n; i < len(clean) {
					r, n = runeAt(clean[i:])
				}
			}
			dst = w.word(dst, clean[from:i])
		}
	}
	return dst
}

// word appends the pieces of a word, or the unknown token if they do not cover it.
func (w *wordPiece) word(dst []int32, word []byte) []int32 {
	if len(word) > w.most && utf8.RuneCount(word) > w.most {
		return append(dst, w.unknown)
	}
	before, pieces := len(dst), w.whole
	for len(word) > 0 {
		n := min(len(word), w.longest)
		id, ok := pieces[string(word[:n])]
		for !ok && n > 1 { // the end need not be that of a character: no piece ends inside one
			n--
			id, ok = pieces[string(word[:n])]
		}
		if !ok {
			return append(dst[:before], w.unknown)
		}
		dst = append(dst, id)
		word, pieces = word[n:], w.rest
	}
	return dst
}

// normalize appends the text as BertNormalizer leaves it.
func (b *bert) normalize(dst []byte, text string) []byte {
	strip := b.Lowercase
	if b.StripAccents != nil {
		strip = *b.StripAccents
	}
	marked := false
	for _, r := range text {
		if b.CleanText {
			if r == 0 || r == utf8.RuneError || control(r) {
				continue
			}
			if space(r) {
				r = ' '
			}
		}
		if b.Han && han(r) {
			dst = append(dst, ' ')
			dst = utf8.AppendRune(dst, r)
			dst = append(dst, ' ')
			continue
		}
		if r < utf8.RuneSelf {
			if b.Lowercase && 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			dst = append(dst, byte(r))
			continue
		}
		marked = true
		dst = utf8.AppendRune(dst, r)
	}
	if !marked {
		return dst
	}
	if strip {
		dst = norm.NFD.Bytes(dst)
	}
	if !strip && !b.Lowercase {
		return dst
	}
	out := make([]byte, 0, len(dst))
	for i := 0; i < len(dst); {
		r, n := runeAt(dst[i:])
		i += n
		switch {
		case strip && unicode.Is(unicode.Mn, r):
			continue
		case b.Lowercase && r == 'İ': // the only character whose lower case is two
			out = append(out, "i̇"...)
			continue
		case b.Lowercase:
			r = unicode.ToLower(r)
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

func space(r rune) bool { return r == ' ' || r > ' ' && unicode.IsSpace(r) || r >= '\t' && r <= '\r' }

// control reports whether clean_text drops a character.
func control(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 127
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs)
}

// punctuation reports whether a character is a word of its own.
func punctuation(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 33 && r <= 47 || r >= 58 && r <= 64 || r >= 91 && r <= 96 || r >= 123 && r <= 126
	}
	return unicode.IsPunct(r)
}

// han reports whether a character is an ideograph, by the list of BertNormalizer.
func han(r rune) bool {
	return r >= 0x4E00 && r <= 0x9FFF || r >= 0x3400 && r <= 0x4DBF || r >= 0xF900 && r <= 0xFAFF ||
		r >= 0x20000 && r <= 0x2A6DF || r >= 0x2A700 && r <= 0x2B73F || r >= 0x2B740 && r <= 0x2B81F ||
		r >= 0x2B920 && r <= 0x2CEAF || r >= 0x2F800 && r <= 0x2FA1F
}
