package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/roles"
	"github.com/vecspace/embedding/internal/strictyaml"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
)

// file is what the file says.
type file struct {
	stacks    map[string]stack
	telemetry part
	serving   Serving
}

// stack is what the file says of an embedder.
type stack struct {
	line              int
	reference         string
	fallback, balance []string
	patience, timeout time.Duration
	dimensions        int
	cached            bool
	cache             cache.Options
	tier              tierOf
	canary            string
	coalesce          middleware.CoalesceOptions
	batch             middleware.BatchOptions
	retry             middleware.RetryOptions
	breaker           middleware.BreakerOptions
	limit             middleware.LimitOptions
	lane              middleware.Lane
	shared            part
	account           string
	max               float64
	currency          string
	roles             roles.Options
	aliases           []string
	truncate          bool
	tokens            string
}

func decode(data []byte, parts Parts) (file, error) {
	root, err := strictyaml.Parse(data)
	if err != nil {
		return file{}, fmt.Errorf("config: %w", err)
	}
	if root == nil {
		return file{}, errors.New("config: the file is empty; it has to begin with a line of embedders")
	}
	d := &strictyaml.Decoder{}
	f := file{stacks: map[string]stack{}}
	d.Mapping(root, strictyaml.Fields{
		"embedders": func(n *strictyaml.Node) {
			d.Each(n, func(key, value *strictyaml.Node) { f.stacks[key.Value] = decodeStack(d, value, parts) })
		},
		"default":   d.Text(&f.serving.Default),
		"server":    f.serving.decode(d),
		"telemetry": func(n *strictyaml.Node) { decodePart(d, n, "telemetry", parts.Telemetry, &f.telemetry, nil) },
	})
	if len(f.stacks) == 0 {
		d.Fail(root, "there is no embedder: write them under embedders:")
	}
	if d.Err != nil {
		return file{}, fmt.Errorf("config: %w", d.Err)
	}
	return f, f.names()
}

func decodeStack(d *strictyaml.Decoder, n *strictyaml.Node, parts Parts) (st stack) {
	st.line, st.timeout = n.Line, time.Minute
	fields := st.roles.Fields(d)
	maps.Copy(fields, strictyaml.Fields{
		"reference": d.Text(&st.reference), "fallback": d.List(&st.fallback), "balance": d.List(&st.balance),
		"patience": d.Duration(&st.patience), "timeout": d.Duration(&st.timeout), "dimensions": d.Count(&st.dimensions), "canary": d.Text(&st.canary),
		"cache": func(n *strictyaml.Node) {
			st.cached = true
			d.Mapping(n, strictyaml.Fields{"max_bytes": d.Size(&st.cache.MaxBytes), "ttl": d.Duration(&st.cache.TTL), "tier": func(n *strictyaml.Node) {
				decodePart(d, n, "tier", parts.Tiers, &st.tier.part, strictyaml.Fields{"ttl": d.Duration(&st.tier.ttl),
					"max_bytes": d.Size(&st.tier.maxBytes), "timeout": d.Duration(&st.cache.StoreTimeout)})
			}})
		},
		"coalesce": d.Group(strictyaml.Fields{"window": d.Duration(&st.coalesce.Window), "texts": d.Count(&st.coalesce.Texts)}),
		"batch": d.Group(strictyaml.Fields{"parallel": d.Count(&st.batch.Parallel), "texts": d.Count(&st.batch.Limits.Texts),
			"tokens": d.Count(&st.batch.Limits.Tokens), "bytes": d.Count(&st.batch.Limits.Bytes)}),
		"retry": d.Group(strictyaml.Fields{"budget": d.Duration(&st.retry.Budget), "max_wait": d.Duration(&st.retry.MaxWait),
			"pause": d.Duration(&st.retry.Pause), "max_pause": d.Duration(&st.retry.MaxPause), "attempts": d.Count(&st.retry.Attempts)}),
		"breaker": d.Group(strictyaml.Fields{"failures": d.Count(&st.breaker.Failures), "cooldown": d.Duration(&st.breaker.Cooldown)}),
		"limit": func(n *strictyaml.Node) {
			d.Mapping(n, strictyaml.Fields{"rpm": d.Count(&st.limit.RPM), "tpm": d.Count(&st.limit.TPM), "in_flight": d.Count(&st.limit.InFlight), "window": d.Duration(&st.limit.Window),
				"shared": func(n *strictyaml.Node) {
					decodePart(d, n, "shared", parts.Quotas, &st.shared, strictyaml.Fields{"account": d.Text(&st.account),
						"processes": d.Number(&st.limit.Processes)})
					if st.account == "" {
						d.Fail(n, "shared: account is missing: a name that all processes of the account give")
					}
				}})
			if st.shared.name != "" && st.limit.RPM == 0 && st.limit.TPM == 0 {
				d.Fail(n, "shared needs rpm or tpm: what all processes may send together")
			}
			if st.shared.name == "" && st.limit.Window != 0 {
				d.Fail(n, "window is for a shared limit: it says how much of the account stays free")
			}
		},
		"lane": func(n *strictyaml.Node) {
			var lane string
			switch d.Text(&lane)(n); lane {
			case "interactive":
				st.lane = middleware.Interactive
			case "bulk":
				st.lane = middleware.Bulk
			default:
				d.Fail(n, "there is no lane of this name; there are bulk, interactive")
			}
		},
		"budget":  d.Group(strictyaml.Fields{"max": d.Sum(&st.max), "currency": d.Text(&st.currency)}),
		"aliases": d.List(&st.aliases), "allow_truncate": decodeBool(d, &st.truncate), "tokens": decodeTokens(d, parts, &st.tokens),
	})
	d.Mapping(n, fields)
	if d.Err == nil && st.reference == "" {
		d.Fail(n, "the embedder has no reference")
	}
	if st.timeout == 0 {
		st.timeout = time.Minute
	}
	return st
}

// Entry is what a file says of an embedder besides its stack.
type Entry struct {
	Name, Reference, Query      string
	DocumentPrefix, QueryPrefix string
	Price                       embedding.Price
	Parallel                    int
	Timeout                     time.Duration
}

// name puts the names of the full build's parts of a kind into a map. Nothing is to be opened.
func name[Open any](to *map[string]Open, kind string) {
	*to = map[string]Open{}
	for _, n := range inFullBuild[kind] {
		(*to)[n] = *new(Open)
	}
}

// Entries returns what the text of a file says of each embedder, sorted by name. It opens nothing
// and takes the names of all parts of the full build.
func Entries(data []byte) ([]Entry, error) {
	var parts Parts
	name(&parts.Tiers, "tier")
	name(&parts.Quotas, "shared")
	name(&parts.Telemetry, "telemetry")
	name(&parts.Tokens, "tokens")
	f, err := decode(data, parts)
	if err != nil {
		return nil, err
	}
	var out []Entry
	for _, name := range slices.Sorted(maps.Keys(f.stacks)) {
		st := f.stacks[name]
		out = append(out, Entry{name, st.reference, st.roles.Query, st.roles.DocumentPrefix, st.roles.QueryPrefix, st.roles.Price, st.batch.Parallel, st.timeout})
	}
	return out, nil
}
