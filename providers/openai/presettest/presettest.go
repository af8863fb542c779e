// Package presettest emulates the vendors and servers of openai.Presets, so that programs and tests
// run against the limits and errors of each without a key, a network, a bill or a GPU. OpenAI's own
// emulator is openaitest.
//
//	e, err := presettest.New("siliconflow", emulator.Options{})
//	server := httptest.NewServer(e)
//	// base URL: server.URL + presettest.BasePath("siliconflow"), key: emulator.DefaultKey
//
// Models, dimensions and limits are those of the preset. A server that people run (vllm, lmstudio,
// llamacpp, localai) has one model, by default DefaultModel with 1,024 dimensions, under whatever
// name Options.Model gives it, and asks for no key unless Options.Keys name some.
//
// What a preset takes, ignores and refuses, and the bodies of its errors, are a table, which is
// held to openai's testdata/errors.jsonl: the words with their status, and the frame around them,
// are those of a body there, with its source, or the table says that they are a guess. Token ids,
// which some clients send, are taken where the preset takes them: they are counted, and their
// vectors are of no meaning. Members of a request that the table has no word for are ignored.
package presettest

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/openai/internal/preset"
	"github.com/vecspace/embedding/providers/openai/presetdialect"
)

// DefaultModel is the one that a server which people run serves where Options name none.
const DefaultModel = "BAAI/bge-m3"

// Names returns the presets that New knows, in the order of openai.Presets.
func Names() []string {
	var names []string
	for _, p := range openai.Presets() {
		if _, ok := preset.Table()[p.Name]; ok {
			names = append(names, p.Name)
		}
	}
	return names
}

// New returns an emulator of a preset. It does no I/O.
func New(name string, o emulator.Options) (*emulator.Server, error) {
	row, ok := preset.Table()[name]
	if !ok {
		return nil, fmt.Errorf("presettest: there is no emulator of %q: there are %s", name, strings.Join(Names(), ", "))
	}
	wire, err := presetdialect.New(name)
	if err != nil {
		return nil, err
	}
	p := find(name)
	v := emulator.Vendor{Name: "presettest: " + name, Dialect: wire, Keyless: p.Local, Base64: row.Formats == preset.Taken, Unmetered: row.Unmetered()}
	if p.Local {
		o.Model = cmp.Or(o.Model, DefaultModel)
		v.One = o.Model
		p.Models = []openai.ModelInfo{{ID: o.Model, Dimensions: 1024, Fixed: true, Limits: embedding.Limits{TextTokens: row.TextTokens}}}
	}
	if row.AnyName {
		v.Find = func(string) string { return o.Model }
	}
	for _, m := range p.Models {
		m.Dimensions = cmp.Or(m.Dimensions, 2048) // Volcengine's are not documented
		to := dialect.Model{Model: embedding.Model{ID: m.ID, Dimensions: m.Dimensions, Limits: m.Limits}, Lengths: m.Lengths}
		if !m.Fixed {
			to.Longest = max(m.Longest, m.Dimensions)
		}
		v.Models = append(v.Models, to)
	}
	for _, answer := range slices.Sorted(maps.Keys(row.Answers)) {
		a := row.Answers[answer]
		does := "error: " + a.Body
		if a.Guess {
			does += " (a guess: no source shows it whole)"
		}
		v.Faults = append(v.Faults, emulator.FaultInfo{Name: answer, Does: does, Status: a.Status, Kind: a.Kind,
			Error: *row.Say(answer, "{model}", "m", "{got}", "9", "{allowed}", "8", "{field}", "dimensions", "{why}", "no JSON")})
	}
	return emulator.New(v, o)
}

func find(name string) openai.Preset {
	all := openai.Presets()
	return all[slices.IndexFunc(all, func(p openai.Preset) bool { return p.Name == name })]
}

// BasePath is what a base URL of the preset ends in. It panics if there is no such preset.
func BasePath(name string) string {
	u, err := url.Parse(find(name).BaseURL)
	if err != nil {
		panic("presettest: " + err.Error()) // of a constant
	}
	return u.Path
}

// Model is a model that the preset's emulator has. It panics if there is no such preset.
func Model(name string) string {
	if p := find(name); !p.Local {
		return cmp.Or(preset.Table()[name].Model, p.Models[0].ID)
	}
	return DefaultModel
}
