package providers

import (
	"cmp"
	"slices"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/azure"
	"github.com/vecspace/embedding/providers/bedrock"
	"github.com/vecspace/embedding/providers/cohere"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/gemini"
	"github.com/vecspace/embedding/providers/jina"
	"github.com/vecspace/embedding/providers/ollama"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/tei"
	"github.com/vecspace/embedding/providers/voyage"
)

// Entry is what a provider's table says about one of its models, in one form for all of them. Zero is unknown.
type Entry struct {
	Reference  string // what Open takes; a word in capitals is for the user to fill in
	Provider   string // what stands before its colon
	Model      string // AnyModel for a server that has no table
	Key        string // the environment variable of its key; "" needs none
	Dimensions Dimensions
	Limits     embedding.Limits // of a request
	Tasks      bool             // queries and documents get different vectors, as long as nobody asks otherwise
	Normalized bool             // vectors have unit length
	Prices     []Price          // nil: free, or none is known, which Unverified then says
	Unverified string           // what was not checked against the provider's own word; "" is nothing
}

// AnyModel stands for the models of a server that serves what it was started with.
const AnyModel = "*"

// Dimensions are the lengths that vectors can have: one of OneOf, or every number from Min to Max. Default is what they
// have if nothing is asked for.
type Dimensions struct {
	Default, Min, Max int
	OneOf             []int
}

// Price is what tokens cost in a region of the provider; "" is everywhere.
type Price struct {
	Region string
	embedding.Price
}

// Catalogue returns what the tables of all providers say, in the order of Builtin's names and of their own tables. Any
// provider takes more than its table has: see its package. The result is the caller's own.
func Catalogue() []Entry {
	var all []Entry
	for _, part := range [][]Entry{ofAzure(), ofBedrock(), ofCohere(), ofDashScope(), ofGemini(), ofJina(), ofOllama(), ofPresets(), ofStatic(), ofTEI(), ofVoyage()} {
		all = append(all, part...)
	}
	for i, e := range all {
		if e.Reference == "" {
			all[i].Reference = e.Provider + ":" + e.Model
		}
		all[i].Unverified = and(e.Unverified, unverifiedBodies(e.Provider))
	}
	slices.SortStableFunc(all, func(a, b Entry) int { return cmp.Compare(a.Provider, b.Provider) })
	return all
}

func and(a, b string) string {
	if a != "" && b != "" {
		return a + "; " + b
	}
	return a + b
}

// oneOf is for tables that list every length, the default first.
func oneOf(lengths []int) Dimensions {
	if len(lengths) == 0 {
		return Dimensions{}
	}
	d := Dimensions{Default: lengths[0], OneOf: slices.Sorted(slices.Values(lengths))}
	d.Min, d.Max = d.OneOf[0], d.OneOf[len(d.OneOf)-1]
	return d
}

func upTo(least, most, standard int) Dimensions {
	return Dimensions{Default: standard, Min: least, Max: most}
}

// priced returns the prices of a model that costs the same everywhere. A price of nothing is no price.
func priced(p embedding.Price) []Price {
	if p.PerMillion == 0 {
		return nil
	}
	return []Price{{Price: p}}
}

func ofAzure() (all []Entry) {
	for _, m := range azure.Models() {
		d := upTo(1, m.Dimensions, m.Dimensions)
		if m.Fixed {
			d = oneOf([]int{m.Dimensions})
		}
		all = append(all, Entry{
			Reference: "azure:DEPLOYMENT?model=" + m.ID, Provider: "azure", Model: m.ID, Key: azure.KeyVariable, Dimensions: d, Limits: m.Limits,
			Normalized: m.Normalized, Prices: priced(m.Price), Unverified: unpriced(m.Price, m.Unverified),
		})
	}
	return all
}

// ofBedrock has the prices of us-east-1.
func ofBedrock() (all []Entry) {
	for _, m := range bedrock.Models() {
		all = append(all, Entry{
			Provider: "bedrock", Model: m.ID, Key: bedrock.KeyVariable, Dimensions: oneOf(m.Dimensions), Limits: m.Limits,
			Tasks: m.Tasks != nil, Normalized: m.Normalized, Prices: priced(m.Price), Unverified: unpriced(m.Price, m.Unverified),
		})
	}
	return all
}

func ofCohere() (all []Entry) {
	for _, m := range cohere.Models() {
		all = append(all, Entry{
			Provider: "cohere", Model: m.ID, Key: cohere.KeyVariable, Dimensions: oneOf(m.Dimensions), Limits: m.Limits,
			Tasks: m.Tasks != nil, Normalized: m.Normalized, Prices: priced(m.Price), Unverified: unpriced(m.Price, m.Unverified),
		})
	}
	return all
}

// unpriced says that a vendor's model costs something which is not known.
func unpriced(p embedding.Price, unverified string) string {
	if p.PerMillion == 0 {
		return and("price (none is listed)", unverified)
	}
	return unverified
}

func ofDashScope() (all []Entry) {
	for _, m := range dashscope.Models() {
		d := oneOf(m.Dimensions)
		d.Default = m.Default
		e := Entry{Provider: "dashscope", Model: m.ID, Key: dashscope.KeyVariable, Dimensions: d, Limits: m.Limits, Normalized: m.Normalized}
		for _, r := range dashscope.Regions() {
			if p, ok := m.Prices[r.Name]; ok {
				e.Prices = append(e.Prices, Price{r.Name, p})
			}
		}
		if !m.Normalized {
			e.Unverified = "normalized"
		}
		if len(e.Prices) == 0 {
			e.Unverified = and("price (none is listed)", e.Unverified)
		}
		all = append(all, e)
	}
	return all
}

func ofGemini() (all []Entry) {
	for _, m := range gemini.Models() {
		all = append(all, Entry{
			Provider: "gemini", Model: m.ID, Key: gemini.KeyVariable, Dimensions: upTo(m.Shortest, m.Dimensions, m.Dimensions), Limits: m.Limits,
			Tasks: true, Normalized: m.Normalized, Prices: priced(m.Price), Unverified: unpriced(m.Price, m.Unverified),
		})
	}
	return all
}

func ofJina() (all []Entry) {
	for _, m := range jina.Models() {
		all = append(all, Entry{
			Provider: "jina", Model: m.ID, Key: jina.KeyVariable, Dimensions: oneOf(m.Dimensions), Limits: m.Limits,
			Tasks: m.Tasks != nil, Normalized: m.Normalized, Prices: priced(m.Price), Unverified: unpriced(m.Price, m.Unverified),
		})
	}
	return all
}

func ofOllama() (all []Entry) {
	for _, m := range ollama.Models() {
		d := oneOf([]int{m.Dimensions})
		if m.Cuttable {
			d = upTo(1, m.Dimensions, m.Dimensions)
		}
		all = append(all, Entry{
			Provider: "ollama", Model: m.ID, Dimensions: d, Limits: embedding.Limits{TextTokens: m.TextTokens},
			Tasks: m.Prefixes != nil, Normalized: true, Unverified: m.Unverified,
		})
	}
	return all
}

func ofPresets() (all []Entry) {
	for _, p := range openai.Presets() {
		if p.Local {
			all = append(all, Entry{Reference: p.Name + ":MODEL", Provider: p.Name, Model: AnyModel, Unverified: p.Unverified})
			continue
		}
		for _, m := range p.Models {
			d := upTo(1, max(m.Longest, m.Dimensions), m.Dimensions)
			switch {
			case m.Dimensions == 0:
				d = Dimensions{}
			case m.Fixed || p.DimensionsField == "":
				d = oneOf([]int{m.Dimensions})
			case m.Lengths != nil:
				d = oneOf(m.Lengths)
				d.Default = m.Dimensions
			}
			all = append(all, Entry{
				Provider: p.Name, Model: m.ID, Key: p.KeyVariable, Dimensions: d, Limits: m.Limits,
				Normalized: m.Normalized, Prices: priced(m.Price), Unverified: and(m.Unverified, p.Unverified),
			})
		}
	}
	return all
}

func ofStatic() []Entry {
	return []Entry{{Provider: "static", Model: "base", Dimensions: oneOf([]int{256, 128, 64}), Normalized: true}}
}

func ofTEI() (all []Entry) {
	for _, m := range tei.Models() {
		limits := tei.Defaults()
		limits.TextTokens = m.TextTokens
		all = append(all, Entry{
			Provider: "tei", Model: m.ID, Dimensions: oneOf([]int{m.Dimensions}), Limits: limits,
			Tasks: m.Prefixes != nil, Normalized: true, Unverified: m.Unverified,
		})
	}
	return all
}

func ofVoyage() (all []Entry) {
	for _, m := range voyage.Models() {
		all = append(all, Entry{
			Provider: "voyage", Model: m.ID, Key: voyage.KeyVariable, Dimensions: oneOf(m.Dimensions), Limits: m.Limits,
			Tasks: m.Tasks != nil, Normalized: m.Normalized, Prices: priced(m.Price), Unverified: unpriced(m.Price, m.Unverified),
		})
	}
	return all
}
