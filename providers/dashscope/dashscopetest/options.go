package dashscopetest

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/internal/emulator"
)

// DefaultKey is the key of an emulator whose Options name none.
const DefaultKey = emulator.DefaultKey

// Options of New. The zero value is a service of the international region that knows DefaultKey, has the documented
// limits, no rates, no latency and no faults.
type Options struct {
	// Region is the one the emulator plays: "" is intl, the others are in dashscope.Regions. It decides which models and
	// dimensions there are, which keys are good, and which page error messages name.
	Region string
	// Keys are the made-up keys that exist, with the region that each belongs to ("": Region). A key of another region
	// gets the 401 that a wrong key gets. Nil: DefaultKey.
	Keys map[string]string
	// Settings can be changed later with Configure.
	Settings Settings
	// Faults can be changed later with SetFaults.
	Faults []Fault
	// Seed of the vectors and of everything random. Emulators with one seed answer with one space, bit for bit.
	Seed uint64
	// Embedder gives the vectors that are turned into the models'. It gets as many texts at once as a request has. Nil: the
	// local model, static:base.
	Embedder embedding.Embedder
	// Tokens counts a text's tokens. Nil: embedding.EstimateTokens, but at least 1.
	Tokens func(text string) int
	// CacheBytes bounds the memory for encoded vectors. 0: 64 MiB; negative: none are kept.
	CacheBytes int
	// Control serves ledger, faults and settings under ControlPath to anyone who reaches the emulator.
	Control bool
	// Killed is called when the fault kill strikes. It must not wait for requests to end: one of them calls it. Optional.
	Killed func()
}

// New returns an emulator. It does no I/O.
func New(o Options) (*Server, error) {
	region := cmp.Or(o.Region, "intl")
	if err := checkRegion(region); err != nil {
		return nil, err
	}
	keys, err := o.keys(region)
	if err != nil {
		return nil, err
	}
	return emulator.New(&vendor{region: region, doc: errorDoc(region), models: models(region), keys: keys}, emulator.Options{
		Settings: o.Settings, Faults: o.Faults, Seed: o.Seed, Embedder: o.Embedder, Tokens: o.Tokens,
		CacheBytes: o.CacheBytes, Control: o.Control, Killed: o.Killed,
	})
}

// keys returns the region of every key.
func (o Options) keys(region string) (map[string]string, error) {
	if o.Keys == nil {
		return map[string]string{DefaultKey: region}, nil
	}
	keys := map[string]string{}
	for key, home := range o.Keys {
		if strings.TrimSpace(key) == "" {
			return nil, errors.New("dashscopetest: a key is blank")
		}
		keys[key] = cmp.Or(home, region)
		if err := checkRegion(keys[key]); err != nil {
			return nil, fmt.Errorf("a key's region: %w", err)
		}
	}
	return keys, nil
}

func checkRegion(name string) error {
	var known []string
	for _, r := range dashscope.Regions() {
		if r.Name == name {
			return nil
		}
		known = append(known, r.Name)
	}
	return fmt.Errorf("dashscopetest: unknown region %q: there are %s", name, strings.Join(known, ", "))
}
