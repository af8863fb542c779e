// Package presettest emulates the vendors and servers of openai.Catalog, so that programs and tests
// run against their limits and errors without a key, a network, a bill or a GPU. OpenAI's own
// emulator is package openaitest.
//
//	e, err := presettest.New("siliconflow", emulator.Options{})
//	server := httptest.NewServer(e)
//	// base URL: server.URL + presettest.BasePath("siliconflow"), key: emulator.DefaultKey
//
// An emulator has the preset's models, dimensions and limits. A server that users run themselves
// (vllm, lmstudio, llamacpp, localai) has one model of 1,024 dimensions, named [DefaultModel] or as
// Options.Model says, and needs no key unless Options.Keys has some.
//
// A table holds what each preset takes, ignores and refuses, and its error bodies. A test compares
// the table with openai's testdata/errors.jsonl: status and words, and the frame around them, are
// those of a captured or documented body there, or the table marks them as a guess. Fields that the
// table does not mention are ignored. Some clients send token ids instead of texts: if the preset
// takes them, the emulator counts them, and their vectors have no meaning.
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
	"github.com/vecspace/embedding/providers/openai/internal/models"
	"github.com/vecspace/embedding/providers/openai/internal/preset"
	"github.com/vecspace/embedding/providers/openai/presetdialect"
)

// DefaultModel is the model of a server that users run themselves if Options.Model is empty.
const DefaultModel = "BAAI/bge-m3"

// Names returns the presets that New knows, in the order of openai.Catalog.
func Names() []string {
	var names []string
	for _, p := range models.Presets() {
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
	if p.Batch != nil {
		v.Batches, v.BatchLines, v.BatchJobs = BasePath(name), p.Batch.Lines, p.Batch.Jobs
	}
	if p.Local {
		o.Model = cmp.Or(o.Model, DefaultModel)
		v.One = o.Model
		p.Models = []models.Info{{ID: o.Model, Dimensions: 1024, Fixed: true, Limits: embedding.Limits{TextTokens: row.TextTokens}}}
	}
	if row.AnyName {
		v.Find = func(string) string { return o.Model }
	}
	for _, m := range p.Models {
		m.Dimensions = cmp.Or(m.Dimensions, 2048) // Volcengine documents no dimensions
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

func find(name string) models.Preset {
	all := models.Presets()
	return all[slices.IndexFunc(all, func(p models.Preset) bool { return p.Name == name })]
}

// Title returns how the preset's vendor writes its name. It panics if there is no such preset.
func Title(name string) string { return find(name).Title }

// BasePath returns the path of the preset's base URL. It panics if there is no such preset.
func BasePath(name string) string {
	u, err := url.Parse(find(name).BaseURL)
	if err != nil {
		panic("presettest: " + err.Error()) // a constant is wrong
	}
	return u.Path
}

// Model returns the name of a model that the preset's emulator has. It panics if there is no such
// preset.
func Model(name string) string {
	if p := find(name); !p.Local {
		return cmp.Or(preset.Table()[name].Model, p.Models[0].ID)
	}
	return DefaultModel
}
