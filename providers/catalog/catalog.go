// Package catalog has the type [Entry], which describes a model of any provider. Each provider's
// Catalog function returns the entries of its models, and package providers returns all of them.
package catalog

import (
	"slices"
	"strings"

	"github.com/vecspace/embedding"
)

// Entry describes one model of a provider. Zero means unknown.
type Entry struct {
	Reference  string // for providers.Open; the user replaces a word in capitals
	Provider   string // the reference's part before the colon
	Model      string // AnyModel for a server without a table
	Key        string // the environment variable of the key; "" means that none is needed
	Dimensions Dimensions
	Limits     embedding.Limits // of a request
	Tasks      bool             // queries and documents get different vectors by default
	Prefix     string           // prefix= of what the model's card asks for, if that is not the default
	Normalized bool             // vectors have unit length
	Cuts       bool             // a text over the limit loses its end, without an error
	Unmetered  bool             // the service does not count tokens
	Prices     []Price          // nil means free, or unknown if Unverified says so
	Unverified string           // facts not checked against the provider's own word; "" means none
}

// AnyModel is the Model of a server that serves whatever it was started with.
const AnyModel = "*"

// Dimensions are the lengths that vectors can have: one of OneOf, or any number from Min to Max if
// OneOf is nil. Default is the length of vectors when the caller asks for none.
type Dimensions struct {
	Default, Min, Max int
	OneOf             []int
}

// Price is the price of tokens in one region of the provider; "" means all regions.
type Price struct {
	Region string
	embedding.Price
	Batch float64 // the part of the price that the batch API takes, such as 0.5; 0 means none or unknown
}

// OneOf returns the Dimensions of a model that has these lengths only, the default first.
func OneOf(lengths ...int) Dimensions {
	if len(lengths) == 0 {
		return Dimensions{}
	}
	d := Dimensions{Default: lengths[0], OneOf: slices.Sorted(slices.Values(lengths))}
	d.Min, d.Max = d.OneOf[0], d.OneOf[len(d.OneOf)-1]
	return d
}

// Range returns the Dimensions of a model that has every length from least to most, the longest by
// default.
func Range(least, most int) Dimensions { return Dimensions{Default: most, Min: least, Max: most} }

// Priced returns e with a price that holds in every region. The zero price means that the vendor
// lists none, and Unverified then says so.
func (e Entry) Priced(p embedding.Price) Entry {
	if p.PerMillion == 0 {
		e.Unverified = strings.TrimSuffix("price (none is listed); "+e.Unverified, "; ")
		return e
	}
	e.Prices = []Price{{Price: p}}
	return e
}
