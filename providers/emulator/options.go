package emulator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/static"
)

// DefaultKey is the only good key if Options.Keys is nil.
const DefaultKey = "sk-test"

// Options configures an emulator. The zero value accepts DefaultKey and has the documented limits,
// no rates, no latency and no faults.
type Options struct {
	// Keys are the good keys. nil means DefaultKey.
	Keys []string
	// Model is the model of a server that has only one, such as TEI. "" means the emulator's default.
	// Other emulators have all their models and return an error if Model is set.
	Model string
	// Settings can be changed later with Configure.
	Settings Settings
	// Faults can be changed later with SetFaults.
	Faults []Fault
	// Seed determines the vectors and all random choices. Emulators with the same seed return the same
	// vectors, bit for bit.
	Seed uint64
	// Embedder makes the vectors that the models' vectors are derived from. It gets all texts of a
	// request at once. nil means the local model, static:base.
	Embedder embedding.Embedder
	// Tokens counts the tokens of a text. nil means embedding.EstimateTokens, but at least 1.
	Tokens func(text string) int
	// CacheBytes limits the memory for encoded vectors. 0 means 64 MiB, and a negative value keeps
	// none.
	CacheBytes int
	// Control serves the ledger, faults and settings under ControlPath, to anyone who can reach the
	// emulator.
	Control bool
	// Killed is called when the fault kill strikes. It must not wait for requests to end, because one
	// of them calls it. It may be nil.
	Killed func()
}

// New returns an emulator of a vendor. It does no I/O. Use the New of a vendor's package instead,
// unless you define a vendor.
func New(v Vendor, o Options) (*Server, error) {
	if o.Model != "" && o.Model != v.One {
		return nil, fmt.Errorf("%s: Options.Model must be empty: this emulator always has %s", v.Name, strings.Join(v.names(), ", "))
	}
	for _, key := range o.Keys {
		if strings.TrimSpace(key) == "" {
			return nil, fmt.Errorf("%s: a key is blank", v.Name)
		}
	}
	for _, name := range []string{RequestRate, TokenRate, InternalError} {
		if !slices.ContainsFunc(v.Faults, func(f FaultInfo) bool { return f.Name == name }) {
			return nil, fmt.Errorf("%s: Vendor.Faults lacks %s", v.Name, name)
		}
	}
	base := o.Embedder
	if base == nil {
		var err error
		if base, err = static.New(static.Options{}); err != nil {
			return nil, fmt.Errorf("%s: the local model: %w", v.Name, err)
		}
	}
	tokens := o.Tokens
	if tokens == nil {
		tokens = func(text string) int { return max(1, embedding.EstimateTokens(text)) }
	}
	s := &Server{
		vendor:    &v,
		dialect:   v.Dialect,
		catalog:   v.Catalog(),
		seed:      o.Seed,
		base:      embedding.Chain(base),
		tokens:    tokens,
		killed:    o.Killed,
		space:     &space{seed: o.Seed},
		cache:     newCache(max(0, cmp.Or(o.CacheBytes, 64<<20))),
		books:     newBooks(),
		throttles: map[string]*throttle{},
		jitter:    seeded(o.Seed, "jitter"),
	}
	if o.Keys != nil || !v.Keyless {
		s.keys = map[string]bool{}
		for _, key := range o.Keys {
			s.keys[key] = true
		}
		s.keys[DefaultKey] = s.keys[DefaultKey] || o.Keys == nil
	}
	if o.Control {
		s.control = s.controlHandler()
	}
	if err := s.Configure(o.Settings); err != nil {
		return nil, err
	}
	return s, s.SetFaults(o.Faults...)
}
