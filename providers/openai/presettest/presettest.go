// Package presettest emulates the vendors and servers of openai.Presets, so that programs and tests run against the limits and
// errors of each without a key, a network, a bill or a GPU. OpenAI's own emulator is openaitest, Mistral's mistraltest.
//
//	emulator, err := presettest.New("siliconflow", presettest.Options{})
//	server := httptest.NewServer(emulator)
//	// base URL: server.URL + presettest.BasePath("siliconflow"), key: presettest.DefaultKey
//
// Models, dimensions and limits are those of the preset. A server that people run (vllm, lmstudio, llamacpp, localai) has one
// model, by default DefaultModel with 1,024 dimensions, under whatever name Options.Model gives it, and asks for no key unless
// Options.Keys name some.
//
// What a preset takes, ignores and refuses, and the bodies of its errors, are a table, which is held to openai's
// testdata/errors.jsonl: the words with their status, and the frame around them, are those of a body there, with its source, or
// the table says that they are a guess. Token ids, which some clients send, are taken where the preset takes them: they are counted,
// and their vectors are of no meaning. Members of a request that the table has no word for are ignored.
package presettest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/emulator"
	"github.com/vecspace/embedding/providers/openai"
)

// DefaultKey is the key of an emulator whose Options name none.
const DefaultKey = emulator.DefaultKey

// DefaultModel is the one that a server which people run serves where Options name none.
const DefaultModel = "BAAI/bge-m3"

// What the emulators of all providers share.
type (
	Options  = emulator.Options
	Server   = emulator.Server
	Settings = emulator.Settings
	Rates    = emulator.Rates
	Fault    = emulator.Fault
	Ledger   = emulator.Ledger
)

// Names returns the presets that New knows, in the order of openai.Presets.
func Names() []string {
	var names []string
	for _, p := range openai.Presets() {
		if _, ok := table()[p.Name]; ok {
			names = append(names, p.Name)
		}
	}
	return names
}

// New returns an emulator of a preset. It does no I/O.
func New(preset string, o Options) (*Server, error) {
	row, ok := table()[preset]
	if !ok {
		return nil, fmt.Errorf("presettest: there is no emulator of %q: there are %s", preset, strings.Join(Names(), ", "))
	}
	v := vendor{row: row, preset: find(preset), models: map[string]openai.ModelInfo{}}
	if !v.preset.Local || o.Keys != nil {
		v.keys = o.GoodKeys()
	}
	if v.preset.Local {
		if o.Model == "" {
			o.Model = DefaultModel
		}
		v.preset.Models = []openai.ModelInfo{{ID: o.Model, Dimensions: 1024, Fixed: true, Limits: embedding.Limits{TextTokens: row.textTokens}}}
	}
	for _, m := range v.preset.Models {
		if m.Dimensions == 0 {
			m.Dimensions = 2048 // Volcengine's are not documented
		}
		v.models[m.ID] = m
	}
	return emulator.New(v, o)
}

func find(preset string) openai.Preset {
	all := openai.Presets()
	return all[slices.IndexFunc(all, func(p openai.Preset) bool { return p.Name == preset })]
}

// BasePath is what a base URL of the preset ends in. It panics if there is no such preset.
func BasePath(preset string) string {
	u, err := url.Parse(find(preset).BaseURL)
	if err != nil {
		panic("presettest: " + err.Error()) // of a constant
	}
	return u.Path
}

// Model is a model that the preset's emulator has. It panics if there is no such preset.
func Model(preset string) string {
	if p := find(preset); !p.Local {
		return cmp.Or(table()[preset].model, p.Models[0].ID)
	}
	return DefaultModel
}

type vendor struct {
	row
	preset openai.Preset
	models map[string]openai.ModelInfo
	keys   emulator.Keys // nil: none is asked for
}

func (v vendor) Profile() emulator.Profile {
	p := emulator.Profile{Name: "presettest: " + v.preset.Name, Base64: v.formats == taken, Unmetered: v.unmetered()}
	for _, m := range v.preset.Models {
		p.Models = append(p.Models, m.ID)
		if v.preset.Local {
			p.Serves = m.ID
		}
	}
	for name, a := range v.answers {
		does := "error: " + a.body
		if a.guess {
			does += " (a guess: no source shows it whole)"
		}
		p.Errors = append(p.Errors, emulator.FaultInfo{Name: name, Does: does, Status: a.status, Kind: a.kind})
	}
	return p
}

func (v vendor) Head(h http.Header, r *emulator.Request) { h.Set("X-Request-Id", r.ID) }

func (v vendor) Admit(r *emulator.Request) *emulator.Reply {
	here, mine := r.URL.Path == BasePath(v.preset.Name)+"/embeddings" && r.Method == http.MethodPost, v.keys == nil || v.keys[r.Bearer()]
	switch {
	case !here && (mine || !v.preset.Local): // servers that people run look at the key first
		return v.refuse(r, "no-path")
	case !mine:
		return v.refuse(r, "auth")
	}
	return nil
}

// refuse answers with one of the row's bodies, in which its holes are filled: {model}, {got}, {allowed}, {field}.
func (v vendor) refuse(r *emulator.Request, name string, holes ...string) *emulator.Reply {
	a, ok := v.answers[name]
	if !ok {
		a = v.answers["bad-field"]
	}
	for i := 1; i < len(holes); i += 2 {
		quoted := emulator.JSON(holes[i])
		holes[i] = string(quoted[1 : len(quoted)-1])
	}
	holes = append(holes, "{id}", r.ID)
	return &emulator.Reply{Status: a.status, Body: []byte(strings.NewReplacer(holes...).Replace(a.body))}
}

func (v vendor) Fault(r *emulator.Request, f Fault) emulator.Reply {
	name := f.Name
	if _, ok := v.answers[name]; !ok {
		name = emulator.RequestRate // rates that the preset has no words of their own for
	}
	return *v.refuse(r, name, "{model}", "m", "{got}", "9", "{allowed}", "8", "{field}", "dimensions")
}

type request struct {
	Model      string          `json:"model"`
	Input      *emulator.Input `json:"input"`
	Format     string          `json:"encoding_format"`
	Dimensions *int            `json:"dimensions"`
}

func (v vendor) Parse(r *emulator.Request, body []byte) (emulator.Call, *emulator.Reply) {
	var req request
	if err := json.Unmarshal(body, &req); err != nil {
		name := "bad-field"
		if !json.Valid(body) {
			name = "bad-json"
		}
		return emulator.Call{}, v.refuse(r, name, "{field}", "input")
	}
	m, ok := v.models[req.Model]
	if !ok && v.anyName {
		m, ok = v.models[v.preset.Models[0].ID], true
	}
	if !ok {
		return emulator.Call{}, v.refuse(r, "no-model", "{model}", req.Model)
	}
	if req.Input == nil {
		return emulator.Call{}, v.refuse(r, "no-input", "{field}", "input")
	}
	c := emulator.Call{Model: m.ID, Texts: req.Input.Texts, Dimensions: m.Dimensions, Base64: v.formats == taken && req.Format == "base64", Rest: req}
	if v.dimensions == taken && req.Dimensions != nil {
		c.Dimensions = *req.Dimensions
	}
	return c, nil
}

func (v vendor) Check(r *emulator.Request, c *emulator.Call, tokens []int) (*emulator.Reply, bool) {
	req, m := c.Rest.(request), v.models[c.Model]
	req.Input.Count(tokens)
	good := req.Format == "" || req.Format == "float" || v.formats == taken && req.Format == "base64"
	offered := c.Dimensions == m.Dimensions || m.Lengths == nil && c.Dimensions > 0 && c.Dimensions < m.Dimensions || slices.Contains(m.Lengths, c.Dimensions)
	switch {
	case len(c.Texts) == 0, req.Input.Ids() && !v.ids, !v.emptyTexts && slices.Contains(c.Texts, ""):
		return v.refuse(r, "bad-field", "{field}", "input"), false
	case v.formats != ignored && !good:
		return v.refuse(r, "bad-format", "{field}", "encoding_format"), false
	case req.Dimensions != nil && v.dimensions != ignored && (v.dimensions == refused || m.Fixed || !offered):
		return v.refuse(r, "bad-dimensions", "{model}", c.Model, "{field}", "dimensions"), false
	}
	cut := emulator.CutNone
	if v.cuts {
		cut = emulator.CutEnd
	}
	over := r.Excess(c, r.Limits(c.Model, m.Limits), tokens, cut)
	if over == nil {
		return nil, false
	}
	name := map[emulator.Limit]string{emulator.CountOfTexts: "too-many-texts", emulator.TokensOfText: "text-too-long"}[over.Of]
	if name == "" {
		name = "too-many-tokens"
	}
	return v.refuse(r, name, "{got}", strconv.Itoa(over.Got), "{allowed}", strconv.Itoa(over.Allowed), "{field}", "input"), over.Length()
}

func (v vendor) Answer(dst []byte, r *emulator.Request, c *emulator.Call, items []emulator.Item, tokens int) []byte {
	model := c.Model
	if v.echoes {
		model = cmp.Or(c.Rest.(request).Model, model)
	}
	list := strings.NewReplacer("{model}", string(emulator.JSON(model)), "{tokens}", strconv.Itoa(tokens), "{id}", r.ID, "{now}", strconv.FormatInt(r.Arrived.Unix(), 10))
	before, after, _ := strings.Cut(cmp.Or(v.list, openAIList), "{items}")
	item := cmp.Or(v.item, openAIItem)
	if c.Base64 {
		item = cmp.Or(v.item64, item)
	}
	dst = append(dst, list.Replace(before)...)
	for i, it := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		head, tail, _ := strings.Cut(strings.Replace(item, "{index}", strconv.Itoa(it.Index), 1), "{vector}")
		dst = append(dst, head...)
		dst = append(dst, it.Vector...)
		dst = append(dst, tail...)
	}
	return append(dst, list.Replace(after)...)
}
