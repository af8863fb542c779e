package config

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/strictyaml"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/providers"
)

// Parts are what a file may name. A program passes the parts that it links; none registers itself.
// A file that names a part which the program lacks is refused. The zero value has the providers of
// this module and no other part. Package github.com/vecspace/embedding/full, a module of its own,
// returns all parts of the nested modules.
//
// A file names a tier, a quota or telemetry by its key in these maps and gives its address, such as
// {disk: vectors.db}. The function opens it without a network call, and its errors quote no
// password. [Set.Close] calls each close once, unless it is nil.
type Parts struct {
	Providers providers.Table // nil means [providers.Builtin]
	// Tiers open the second tier of a cache, {tier: {NAME: ADDRESS}}. It closes after the caches.
	Tiers map[string]func(Tier) (store cache.Store, close func() error, err error)
	// Quotas open a limit of several processes, {shared: {NAME: ADDRESS}}. Those that use the same
	// server and account share it.
	Quotas map[string]func(address, account string) (quota middleware.Quota, close func() error, err error)
	// Telemetry opens what watches all embedders of a file, {telemetry: {NAME: ADDRESS}}. It closes
	// last, and close sends what is left.
	Telemetry map[string]func(address string) (t Telemetry, close func() error, err error)
	// Tokens decode token ids for a server, {tokens: NAME}, by the name of a vocabulary. They return
	// an error for ids that the vocabulary does not have.
	Tokens map[string]func(ids []int) (string, error)
	// Attempts is called once per request that an embedder of the name sends, as
	// [middleware.Attempts] does. It may be nil.
	Attempts func(name string, e middleware.Event)
	// Gather is how long a call for up to four texts that the cache lacks waits for those of other
	// callers, to share a request to a model over the network. A server with many clients sets it. 0
	// means no wait, and a file's coalesce: {window} replaces it.
	Gather time.Duration
}

// Tier is what a file says of a cache's second tier.
type Tier struct {
	Address  string        // a file or a URL
	TTL      time.Duration // how long a vector is kept after it was written; zero means without expiry
	MaxBytes int64         // zero means the tier's default
}

// Telemetry is the layers that watch an embedder. Each may be nil.
type Telemetry struct {
	Observe  embedding.Middleware // outermost: a call as the caller sees it
	Attempts embedding.Middleware // innermost: a request that is sent to an account
}

// fullBuild is the command that installs the program vecspace with every part.
const fullBuild = "go install github.com/vecspace/embedding/full/cmd/vecspace@latest"

// inFullBuild has the names of the parts that package full passes; a test there compares them.
var inFullBuild = map[string][]string{"tier": {"disk", "redis"}, "shared": {"redis"}, "telemetry": {"otel"}, "tokens": {"cl100k_base"}}

// part is the choice of one part: {NAME: ADDRESS}.
type part struct{ name, address string }

// decodePart reads the choice of one part of a kind, and the fields beside it.
func decodePart[Open any](d *strictyaml.Decoder, n *strictyaml.Node, kind string, have map[string]Open, to *part, beside strictyaml.Fields) {
	names := slices.Collect(maps.Keys(have))
	names = slices.Compact(slices.Sorted(slices.Values(append(names, inFullBuild[kind]...))))
	fields := strictyaml.Fields{}
	maps.Copy(fields, beside)
	for _, name := range names {
		fields[name] = func(value *strictyaml.Node) {
			switch _, ok := have[name]; {
			case !ok:
				d.Fail(value, "%s: %s needs the full build: %s; a program of its own passes it in config.Parts", kind, name, fullBuild)
			case to.name != "":
				d.Fail(value, "%s: %s and %s are both named: leave one out", kind, to.name, name)
			default:
				to.name = name
				d.Text(&to.address)(value)
			}
		}
	}
	d.Mapping(n, fields)
	switch {
	case to.name == "" && len(names) == 0:
		d.Fail(n, "%s: this program has none; it passes them in config.Parts", kind)
	case to.name == "":
		d.Fail(n, "%s: name one of %s, with its address", kind, strings.Join(names, ", "))
	}
}

// tierOf is what a stack says of its cache's tier.
type tierOf struct {
	part
	ttl      time.Duration
	maxBytes int64
}

// openTier opens a tier, or returns the one that another embedder of the file has opened.
func (s *Set) openTier(t tierOf, parts Parts) (cache.Store, error) {
	if open, ok := s.tiers[t.part]; ok {
		if open.tierOf != t {
			return nil, errors.New("tier: another embedder opens it with another ttl or max_bytes: give both the same")
		}
		return open.store, nil
	}
	store, closeTier, err := parts.Tiers[t.name](Tier{Address: t.address, TTL: t.ttl, MaxBytes: t.maxBytes})
	if err != nil {
		return nil, err
	}
	s.closing(closeTier)
	s.tiers[t.part] = openedTier{t, store}
	return store, nil
}

type openedTier struct {
	tierOf
	store cache.Store
}

// closing notes what Close calls, the last noted first.
func (s *Set) closing(f func() error) {
	if f != nil {
		s.closers = append(s.closers, f)
	}
}
