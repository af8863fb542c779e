package embedding

import (
	"cmp"
	"strconv"
)

// Space names a vector space. Vectors are comparable if and only if their Spaces are equal; "" is unknown and equals
// nothing, not even itself: use Same.
type Space string

// Same reports whether vectors of both spaces may be compared.
func (s Space) Same(t Space) bool { return s != "" && s == t }

// Model says what an Embedder produces: its identity, its vector space and what its provider allows. It is plain data,
// so that it survives wrapping.
type Model struct {
	Provider, ID, Endpoint string // Endpoint (host) tells regions apart; it is not part of the Space

	// Origin is the first part of the Space that Chain derives, for a server that may serve anything
	// under any name: its address. "" means Provider.
	Origin string

	Space      Space  // "": Chain derives Origin/ID@Dimensions once Dimensions are known
	Variant    string // instruction or prefix: another vector for the same text, in the same Space
	Dimensions int    // length of every vector; 0: unknown, see Probe
	Normalized bool   // vectors have unit length
	Symmetric  bool   // Task changes nothing, so caches may ignore it
	Limits     Limits
	Price      Price
}

// derived returns m with the Space that follows from the other fields when none is set.
func (m Model) derived() Model {
	if origin := cmp.Or(m.Origin, m.Provider); m.Space == "" && m.Dimensions > 0 && origin != "" && m.ID != "" {
		m.Space = Space(origin + "/" + m.ID + "@" + strconv.Itoa(m.Dimensions))
	}
	return m
}

// Limits are the most that one request may hold. Zero is unknown, not unlimited.
type Limits struct {
	Texts      int // inputs of one request
	Tokens     int // tokens of one request, all texts together
	Bytes      int // bytes of text of one request
	TextTokens int // tokens of one text
}

// Min returns the stricter of both, limit by limit; an unknown limit gives way to a known one.
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

// Price is what a provider asks for input tokens. Prices in different currencies are never added up.
type Price struct {
	PerMillion float64 // for a million input tokens
	Currency   string  // ISO 4217
	AsOf       string  // the day the price was read, YYYY-MM-DD
}
