package embedding

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
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

	Space Space // if "" and Dimensions are known, Chain sets Origin/ID@Dimensions

	// Variant names what changes a text's vector inside the same Space, such as an instruction or a
	// prefix, in parts with commas or spaces between them. A part that begins with a [Task] and = is
	// for texts of that task alone: document="passage: ",query="query: ". See [Model.DocumentVariant].
	Variant string

	Dimensions int  // length of every vector; 0 means unknown, see Probe
	Normalized bool // vectors have unit length
	Symmetric  bool // the Task changes nothing, so caches may ignore it
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

// DocumentVariant returns what of the Variant changes the vectors of documents: all parts but those
// of other tasks, with commas between them. Vectors in a store are comparable if Space and
// DocumentVariant are the same, so a store may be searched with another instruction for queries.
func (m Model) DocumentVariant() string {
	var kept []string
	for _, part := range variantParts(m.Variant) {
		task, _, ofTask := strings.Cut(part, "=")
		if !ofTask || task == taskNames[TaskDocument] || !slices.Contains(taskNames[:], task) {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, ",")
}

// variantParts splits a Variant at its commas and spaces, but for those in quotes.
func variantParts(variant string) []string {
	var parts []string
	quoted, escaped, from := false, false, 0
	for i, c := range variant + "," {
		switch {
		case i == len(variant) || !quoted && (c == ',' || c == ' '):
			if i > from {
				parts = append(parts, variant[from:i])
			}
			from = i + 1
		case escaped:
			escaped = false
		case c == '\\':
			escaped = quoted
		case c == '"':
			quoted = !quoted
		}
	}
	return parts
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
