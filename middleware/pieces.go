package middleware

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vecspace/embedding"
)

// PiecesOptions are options of [Pieces]. The zero value makes pieces as long as the model takes
// texts, without overlap.
type PiecesOptions struct {
	// Tokens of one piece at most, by [embedding.EstimateTokens]. 0 means the TextTokens of the model.
	// Set fewer for a model whose limit also covers a prefix, and more, at your own risk, for texts
	// that the estimate counts too high.
	Tokens int
	// Overlap is how many tokens of a piece, at most, the next one repeats: up to half of Tokens.
	Overlap int
}

// Pieces returns e with each text that is longer than o.Tokens split into pieces. The vector of a
// split text is the mean of its pieces' vectors, weighted by their tokens, and has unit length if
// e's vectors have. Shorter texts pass as they are. A piece ends behind a sentence or a line if one
// ends in the second half of what is new in it, otherwise between two words, otherwise between two
// characters.
//
// A text fails by the error of its first piece that fails. Usage counts what the pieces cost, and
// Reused never counts more texts than there are. Vectors stay in e's Space, and the parameters are
// in the Variant. Put Pieces around a cache, which then stores the pieces, and around [Batch];
// [Stack] does.
//
// Pieces returns an error if e is nil, if neither o nor e's Model limits the tokens of a text, if
// a number is negative, or if the overlap is over half of a piece.
func Pieces(e embedding.Embedder, o PiecesOptions) (embedding.Embedder, error) {
	if e == nil {
		return nil, errors.New("middleware.Pieces: the Embedder is nil")
	}
	e = embedding.Chain(e)
	m := e.Model()
	tokens := cmp.Or(o.Tokens, m.Limits.TextTokens)
	switch {
	case tokens < 0 || o.Overlap < 0:
		return nil, fmt.Errorf("middleware.Pieces: %d tokens and an overlap of %d: neither may be negative", tokens, o.Overlap)
	case tokens == 0:
		return nil, fmt.Errorf("middleware.Pieces: the longest text of %s:%s is unknown: set PiecesOptions.Tokens", m.Provider, m.ID)
	case o.Overlap > tokens/2:
		return nil, fmt.Errorf("middleware.Pieces: an overlap of %d in pieces of %d tokens: it may be up to %d", o.Overlap, tokens, tokens/2)
	}
	p := &pieces{next: e, model: m, tokens: tokens, overlap: o.Overlap}
	m.Limits.TextTokens = 0
	m.Variant = strings.TrimPrefix(fmt.Sprintf("%s pieces=%d+%d", m.Variant, tokens, o.Overlap), " ")
	return embedding.Wrap(e, m, p.embed), nil
}

type pieces struct {
	next            embedding.Embedder
	model           embedding.Model
	tokens, overlap int
}

func (p *pieces) embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	for i, text := range req.Texts {
		if p.long(text) {
			return p.split(ctx, req, i)
		}
	}
	return p.next.Embed(ctx, req)
}

// long reports whether text needs more than one piece. A byte counts at most 1.1 tokens.
func (p *pieces) long(text string) bool {
	return len(text) > p.tokens/2 && embedding.EstimateTokens(text) > p.tokens
}

// split embeds the pieces of all texts in one request. first is the first text that is long.
func (p *pieces) split(ctx context.Context, req embedding.Request, first int) (embedding.Response, error) {
	n := len(req.Texts)
	texts := slices.Clone(req.Texts[:first])
	ends := make([]int, n) // of each text's pieces
	for i, text := range req.Texts {
		switch {
		case i < first:
			ends[i] = i + 1
			continue
		case p.long(text):
			texts = p.cut(texts, text)
		default:
			texts = append(texts, text)
		}
		ends[i] = len(texts)
	}
	res, err := p.next.Embed(ctx, embedding.Request{Texts: texts, Task: req.Task})
	partial, ok := errors.AsType[*embedding.PartialError](err)
	if err != nil && !ok {
		return res, err
	}
	why := map[int]error{} // of each text that failed
	if ok {
		res = partial.Response
		for _, f := range slices.Backward(partial.Failed) { // the first piece has the last word
			i, _ := slices.BinarySearch(ends, f.Index+1)
			why[i] = f.Err
		}
	}
	rows := make([][]float32, n)
	var failed []embedding.TextError
	at := 0
	for i, end := range ends {
		switch {
		case why[i] != nil:
		case end == at+1:
			rows[i] = res.Vectors[at]
		default:
			if rows[i] = p.mean(res.Vectors[at:end], texts[at:end]); rows[i] == nil {
				why[i] = local(&p.model, embedding.Malformed, "",
					"the pieces of text %d cancel each other: their mean has no direction", i)
			}
		}
		if why[i] != nil {
			failed = append(failed, embedding.TextError{Index: i, Err: why[i]})
		}
		at = end
	}
	if res.Usage.Reused < len(texts) {
		res.Usage.Reused = min(res.Usage.Reused, n-1) // not every text was free
	} else {
		res.Usage.Reused = n
	}
	res.Vectors, err = rows, nil
	if failed != nil {
		err = &embedding.PartialError{Response: res, Failed: failed}
	}
	out := embedding.NewMerger(n)
	out.Add(nil, res, err)
	return out.Result()
}

// mean returns the mean of rows, weighted by the tokens of their texts. If the model's vectors have
// unit length, it has it too, or is nil if it has no direction.
func (p *pieces) mean(rows [][]float32, texts []string) []float32 {
	sum := make([]float64, len(rows[0]))
	total := 0.0
	for k, row := range rows {
		weight := float64(embedding.EstimateTokens(texts[k]))
		total += weight
		for d, x := range row {
			sum[d] += weight * float64(x)
		}
	}
	if p.model.Normalized {
		total = 0
		for _, x := range sum {
			total += x * x
		}
		if total = math.Sqrt(total); total == 0 {
			return nil
		}
	}
	out := make([]float32, len(sum))
	for d, x := range sum {
		out[d] = float32(x / total)
	}
	return out
}

// cut appends the pieces of a long text, without the space around them. Blank text has one piece,
// which is refused like any blank text.
func (p *pieces) cut(to []string, whole string) []string {
	text := strings.TrimSpace(whole)
	if text == "" {
		return append(to, whole)
	}
	last := 0 // the end of the piece before
	for start := 0; ; {
		end := start + p.head(text[start:], last-start)
		if end <= last { // the overlap leaves no room for anything new
			start = last
			continue
		}
		if piece := strings.TrimSpace(text[start:end]); piece != "" {
			to = append(to, piece)
		}
		if end == len(text) {
			return to
		}
		last = end
		start = p.back(text, start, end)
	}
}

// head returns the length of the first piece of text, at least one character. The piece before has
// the first known bytes, so the cut is in the second half of what follows them. Few texts have more
// than 8 bytes in a token, and they get shorter pieces than they could.
func (p *pieces) head(text string, known int) int {
	most := min(len(text), 8*p.tokens)
	fits := sort.Search(most, func(i int) bool { return embedding.EstimateTokens(text[:i+1]) > p.tokens })
	if fits == len(text) {
		return fits
	}
	_, least := utf8.DecodeRuneInString(text)
	fits = max(fits, least)
	for fits > least && !utf8.RuneStart(text[fits]) {
		fits--
	}
	best, found := fits, inside
	for i := fits; i > (known+fits)/2 && i >= least && found < sentence; {
		if b := borderAt(text, i); b > found {
			best, found = i, b
		}
		_, size := utf8.DecodeLastRuneInString(text[:i])
		i -= size
	}
	return best
}

// back returns where the piece behind end begins: between words, and not before the middle of the
// piece that ends there.
func (p *pieces) back(text string, start, end int) int {
	if p.overlap == 0 {
		return end
	}
	from := (start + end + 1) / 2
	from += sort.Search(end-from, func(i int) bool {
		return embedding.EstimateTokens(text[from+i:end]) <= p.overlap
	})
	for from < end && (!utf8.RuneStart(text[from]) || borderAt(text, from) < word) {
		from++
	}
	return from
}

// border is what ends at a place in a text. A higher one is a better place to cut.
type border int

const (
	inside border = iota // a letter and its accent, or parts of an emoji, belong together
	character
	word
	sentence
)

// borderAt returns what ends at text[i], which begins a character.
func borderAt(text string, i int) border {
	last, size := utf8.DecodeLastRuneInString(text[:i])
	next, _ := utf8.DecodeRuneInString(text[i:])
	switch {
	case last == '\n' || strings.ContainsRune("。！？", last) && !unicode.In(next, unicode.Pe, unicode.Pf):
		return sentence
	case unicode.IsSpace(last):
		said := strings.TrimRightFunc(text[max(0, i-size-16):i-size], func(r rune) bool {
			return unicode.In(r, unicode.Pe, unicode.Pf) || strings.ContainsRune("\"' ", r)
		})
		if end, _ := utf8.DecodeLastRuneInString(said); strings.ContainsRune(".!?…。！？", end) {
			return sentence
		}
		return word
	case unicode.IsSpace(next):
		return word
	case unicode.Is(unicode.M, next) || last == joiner || next == joiner:
		return inside
	case unbroken(last) || unbroken(next):
		return word
	}
	return character
}

// joiner holds the parts of an emoji together.
const joiner = '\u200d'

// unbroken reports whether r is of a script that has no spaces between words.
func unbroken(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) }
