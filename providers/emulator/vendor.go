package emulator

import (
	"maps"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/dialect"
)

// Vendor describes a service, apart from its dialect. The fields from Limited on, except Faults,
// are optional.
type Vendor struct {
	Name    string // of the emulator's package, for errors: coheretest
	Dialect dialect.Dialect
	Models  []dialect.Model // all models, with the documented limits
	Limited []string        // names besides the Models' own that can have Settings.Limits
	// Faults answer with one of the service's own errors. They must include RequestRate, TokenRate and
	// InternalError, which also answer for exceeded rates and a failing Options.Embedder.
	Faults []FaultInfo
	About  map[string]any // shown by the control API beside the faults

	Keyless    bool   // needs no key, unless Options.Keys has some
	One        string // the default model of a server that has only one
	Positional bool   // answers have no index
	Doubles    bool   // numbers have as many digits as a float64
	Unmetered  bool   // answers have no token count
	Base64     bool   // requests may ask for base64
	MaxBody    int    // the largest body in bytes; 0 means that a body over MaxBody is cut
	// Batches is the path of the base URL with /files and /batches, as OpenAI has them, whose lines go
	// to /embeddings there. "" means that there is no batch API.
	Batches    string
	BatchLines int  // of a batch at most
	BatchJobs  bool // batches are Mistral's, at /batch/jobs
	// BatchOperations says that batches are Gemini's: operations, and files that are uploaded at
	// /upload before the path of the base URL and downloaded at /download.
	BatchOperations bool

	// The rest is optional.

	// Admit checks the credentials of a request without a key.
	Admit func(r *dialect.Request, body []byte) *dialect.Refusal
	// Find maps the model's name in a request to the Name of one of Models.
	Find func(name string) string
	// Unknown returns the refusal of an unknown model.
	Unknown func(r *dialect.Request, name string) *dialect.Refusal
	// Spell adapts a fault's error to a request.
	Spell func(r *dialect.Request, f Fault, why dialect.Refusal) dialect.Refusal
}

// Models returns the models of a provider's catalog, with its limits.
func Models(entries []catalog.Entry) []dialect.Model {
	var all []dialect.Model
	for _, e := range entries {
		m := dialect.Model{Model: embedding.Model{ID: e.Model, Dimensions: e.Dimensions.Default, Limits: e.Limits}, Lengths: e.Dimensions.OneOf}
		if m.Lengths == nil {
			m.Longest = e.Dimensions.Max
		}
		all = append(all, m)
	}
	return all
}

// Faults that vendors have in common.
const (
	RequestRate   = "request-rate"
	TokenRate     = "token-rate"
	BurstRate     = "burst-rate" // vendors without it answer with RequestRate
	InternalError = "internal-error"
)

// Faults returns a vendor's errors by the fault's name as the Faults of a [Vendor], sorted by name.
func Faults(words map[string]dialect.Refusal) []FaultInfo {
	var all []FaultInfo
	for _, name := range slices.Sorted(maps.Keys(words)) {
		does, why := "error", words[name]
		if why.Message != "" {
			does, _, _ = strings.Cut("error: "+why.Message, "\n")
		}
		all = append(all, FaultInfo{Name: name, Does: does, Status: why.Status, Kind: why.Kind, Error: why})
	}
	return all
}

// names returns the models' names in requests.
func (v *Vendor) names() []string {
	var all []string
	for _, m := range v.Models {
		all = append(all, m.Asked())
	}
	return all
}

// offered returns the models with their limits in force: those of settings replace the documented
// ones.
func (v *Vendor) offered(s Settings) []dialect.Model {
	if len(s.Limits) == 0 {
		return v.Models
	}
	all := slices.Clone(v.Models)
	for i := range all {
		by, to := s.Limits[all[i].Asked()], &all[i].Limits
		for _, f := range []struct {
			to *int
			by int
		}{{&to.Texts, by.Texts}, {&to.Tokens, by.Tokens}, {&to.Bytes, by.Bytes}, {&to.TextTokens, by.TextTokens}} {
			if f.by != 0 {
				*f.to = f.by
			}
		}
	}
	return all
}

// find returns the model that a call names.
func (x *exchange) find(name string) (dialect.Model, *dialect.Refusal) {
	found := name
	if x.vendor.Find != nil {
		found = x.vendor.Find(name)
	}
	models := x.vendor.offered(x.settings)
	if i := slices.IndexFunc(models, func(m dialect.Model) bool { return m.Asked() == found }); i >= 0 {
		return models[i], nil
	}
	if x.vendor.Unknown != nil {
		return dialect.Model{}, x.vendor.Unknown(x.req, name)
	}
	return dialect.Model{}, x.dialect.Words(x.req).Unknown(name, x.vendor.names())
}

// admit refuses a request without a good key.
func (x *exchange) admit(body []byte) *dialect.Refusal {
	if x.keys == nil {
		return nil
	}
	key := x.dialect.Key(x.req)
	switch {
	case x.keys[key]:
		return nil
	case key == "" && x.vendor.Admit != nil:
		return x.vendor.Admit(x.req, body)
	}
	words := x.dialect.Words(x.req)
	if key == "" {
		return &words.NoKey
	}
	return &words.BadKey
}
