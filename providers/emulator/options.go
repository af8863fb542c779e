package emulator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/static"
)

// DefaultKey is the key of an emulator whose options name none.
const DefaultKey = "sk-test"

// Options of an emulator. The zero value knows DefaultKey and has the documented limits, no rates,
// no latency and no faults.
type Options struct {
	// Keys are the made-up keys that are good. Nil: DefaultKey.
	Keys []string
	// Model is the one model of a server that has only one (TEI). "": the emulator's default. The
	// others have all of theirs, and refuse to be told one.
	Model string
	// Settings can be changed later with Configure.
	Settings Settings
	// Faults can be changed later with SetFaults.
	Faults []Fault
	// Seed of the vectors and of everything random. Emulators with one seed answer with one space, bit
	// for bit.
	Seed uint64
	// Embedder gives the vectors that are turned into the models'. It gets as many texts at once as a
	// request has. Nil: the local model, static:base.
	Embedder embedding.Embedder
	// Tokens counts a text's tokens. Nil: embedding.EstimateTokens, but at least 1.
	Tokens func(text string) int
	// CacheBytes bounds the memory for encoded vectors. 0: 64 MiB; negative: none are kept.
	CacheBytes int
	// Control serves ledger, faults and settings under ControlPath to anyone who reaches the emulator.
	Control bool
	// Killed is called when the fault kill strikes. It must not wait for requests to end: one of them
	// calls it. Optional.
	Killed func()
}

// New returns an emulator of a vendor. It does no I/O. Users call the New of a vendor's package.
func New(v Vendor, o Options) (*Server, error) {
	if o.Model != "" && o.Model != v.One {
		return nil, fmt.Errorf("%s: Options.Model is not for this emulator: it has all of %s", v.Name, strings.Join(v.names(), ", "))
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
