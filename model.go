package embedding

import (
	"cmp"
	"strconv"
)

// Space names a vector space. Vectors are comparable only if their Spaces are the same. "" is
// unknown and not the same as anything, itself included, so compare with [Space.Same] and not
// with ==.
type Space string

// Same reports whether vectors of s and t are comparable.
func (s Space) Same(t Space) bool { return s != "" && s == t }

// Model describes the vectors of an [Embedder]: who makes them, in which space, and what the
// provider allows. It is plain data, so that it survives wrapping.
type Model struct {
	Provider, ID, Endpoint string // Endpoint: a host, not part of the Space

	// Origin is the first part of the Space that Chain derives, for a server that may serve anything
	// under any name: its address. "" means Provider.
	Origin string

	Space      Space  // if "" and Dimensions are known, Chain sets Origin/ID@Dimensions
	Variant    string // instruction or prefix: changes a text's vector inside the same Space
	Dimensions int    // length of every vector; 0 means unknown, see Probe
	Normalized bool   // vectors have unit length
	Symmetric  bool   // the Task changes nothing, so caches may ignore it
	Limits     Limits
	Price      Price
}

// derived returns m with the Space that follows from its other fields, if it has none.
func (m Model) derived() Model {
	if origin := cmp.Or(m.Origin, m.Provider); m.Space == "" && m.Dimensions > 0 && origin != "" && m.ID != "" {
		m.Space = Space(origin + "/" + m.ID + "@" + strconv.Itoa(m.Dimensions))
	}
	return m
}

// Limits are the limits of one request. Zero means unknown, not unlimited.
type Limits struct {
	Texts      int // texts in a request
	Tokens     int // tokens in a request, all texts together
	Bytes      int // bytes of text in a request
	TextTokens int // tokens in one text
}

// Min returns the smaller of each pair of limits. A known limit wins over an unknown one.
func (l Limits) Min(o Limits) Limits {
	return Limits{
		Texts:      stricter(l.Texts, o.Texts),
		Tokens:     stricter(l.Tokens, o.Tokens),
		Bytes:      stricter(l.Bytes, o.Bytes),
		TextTokens: stricter(l.TextTokens, o.TextTokens),
	}
}

func stricter(a, b int) int {
	if a > 0 && b > 0 {
		return min(a, b)
	}
	return cmp.Or(max(a, 0), max(b, 0))
}

// Price is the list price of input tokens. Prices in different currencies are never added up.
type Price struct {
	PerMillion float64 // of a million input tokens
	Currency   string  // ISO 4217
	AsOf       string  // the day the price was read, YYYY-MM-DD
}
