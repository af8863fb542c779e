package emulator

import (
	"maps"
	"slices"
	"strings"

	"github.com/vecspace/embedding/providers/dialect"
)

// Vendor is what one service is, beside its dialect. A service that needs none of the optional
// fields is its models and the words of its errors.
type Vendor struct {
	Name    string // of the emulator, for errors: coheretest
	Dialect dialect.Dialect
	Models  []dialect.Model // all that are on offer, with the limits that the service documents
	Limited []string        // names that limits can be set for beside the Models' own
	// Faults are those that answer with an error of the service's own. RequestRate, TokenRate and
	// InternalError have to be among them: they are also what rates and a failing Options.Embedder
	// answer with.
	Faults []FaultInfo
	About  map[string]any // what the control path says of the emulator, beside the faults there are

	Keyless    bool   // no key is asked for, unless Options name some
	One        string // the model of a server that has one only
	Positional bool   // vectors have no index
	Doubles    bool   // numbers have the digits of doubles
	Unmetered  bool   // answers do not say how many tokens there were
	Base64     bool   // vectors can be asked for in base64
	MaxBody    int    // the longest body in bytes; 0: what is longer than MaxBody arrives without its end

	// The rest is optional.

	// Admit looks at the credentials of a request that has no key.
	Admit func(r *dialect.Request, body []byte) *dialect.Refusal
	// Find turns the model that a request names into the name of one of Models.
	Find func(name string) string
	// Unknown is the refusal of a model that is not there.
	Unknown func(r *dialect.Request, name string) *dialect.Refusal
	// Spell gives a fault's error the form that it has for a request.
	Spell func(r *dialect.Request, f Fault, why dialect.Refusal) dialect.Refusal
}

// The faults that every vendor has.
const (
	RequestRate   = "request-rate"
	TokenRate     = "token-rate"
	BurstRate     = "burst-rate" // a vendor without it answers RequestRate
	InternalError = "internal-error"
)

// Words are a vendor's errors by the fault's name.
type Words map[string]dialect.Refusal

// Faults returns the words as the Faults of a [Vendor], in the order of their names.
func (w Words) Faults() []FaultInfo {
	var all []FaultInfo
	for _, name := range slices.Sorted(maps.Keys(w)) {
		does := "error"
		if why := w[name]; why.Message != "" {
			does, _, _ = strings.Cut("error: "+why.Message, "\n")
		}
		all = append(all, FaultInfo{Name: name, Does: does, Status: w[name].Status, Kind: w[name].Kind, Error: w[name]})
	}
	return all
}

// names are what requests call the models.
func (v *Vendor) names() []string {
	var all []string
	for _, m := range v.Models {
		all = append(all, m.Asked())
	}
	return all
}

// offered returns the models with the limits of settings in the place of the documented ones.
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

// admit refuses who has no good key.
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
