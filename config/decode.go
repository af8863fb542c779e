package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
)

// stack is what the file says of an embedder.
type stack struct {
	line              int
	reference         string
	fallback, balance []string
	patience, timeout time.Duration
	dimensions        int
	cached            bool
	cache             cache.Options
	coalesce          middleware.CoalesceOptions
	batch             middleware.BatchOptions
	retry             middleware.RetryOptions
	breaker           middleware.BreakerOptions
	limit             middleware.LimitOptions
	max               float64
	currency          string
}

// decode reads the syntax by a library and the meaning by hand, from nodes: so every error has its line, and nothing is expanded.
func decode(data []byte) (map[string]stack, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("config: the file is empty: it begins with embedders:")
		}
		return nil, errors.New("config: " + strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("config: the file has more than one document")
	}
	if len(doc.Content) != 1 {
		return nil, errors.New("config: the file is empty: it begins with embedders:")
	}
	d := &decoder{}
	stacks := map[string]stack{}
	d.mapping(doc.Content[0], fields{"embedders": func(n *yaml.Node) {
		d.each(n, func(key, value *yaml.Node) { stacks[key.Value] = d.stack(value) })
	}})
	if d.err == nil && len(stacks) == 0 {
		d.fail(doc.Content[0], "there is no embedder: write them under embedders:")
	}
	return stacks, d.err
}

// decoder keeps the first error.
type decoder struct{ err error }

type fields map[string]func(*yaml.Node)

func (d *decoder) fail(n *yaml.Node, format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("config: line %d: %w", n.Line, fmt.Errorf(format, args...))
	}
}

func (d *decoder) stack(n *yaml.Node) (st stack) {
	st.line, st.timeout = n.Line, time.Minute
	d.mapping(n, fields{
		"reference": d.text(&st.reference), "fallback": d.list(&st.fallback), "balance": d.list(&st.balance),
		"patience": d.duration(&st.patience), "timeout": d.duration(&st.timeout), "dimensions": d.number(&st.dimensions),
		"cache": func(n *yaml.Node) {
			st.cached = true
			size := 0
			d.mapping(n, fields{"max_bytes": d.number(&size), "ttl": d.duration(&st.cache.TTL)})
			st.cache.MaxBytes = int64(size)
		},
		"coalesce": d.group(fields{"window": d.duration(&st.coalesce.Window), "texts": d.number(&st.coalesce.Texts)}),
		"batch": d.group(fields{"parallel": d.number(&st.batch.Parallel), "texts": d.number(&st.batch.Limits.Texts),
			"tokens": d.number(&st.batch.Limits.Tokens), "bytes": d.number(&st.batch.Limits.Bytes)}),
		"retry": d.group(fields{"budget": d.duration(&st.retry.Budget), "max_wait": d.duration(&st.retry.MaxWait),
			"pause": d.duration(&st.retry.Pause), "max_pause": d.duration(&st.retry.MaxPause), "attempts": d.number(&st.retry.Attempts)}),
		"breaker": d.group(fields{"failures": d.number(&st.breaker.Failures), "cooldown": d.duration(&st.breaker.Cooldown)}),
		"limit":   d.group(fields{"rpm": d.number(&st.limit.RPM), "tpm": d.number(&st.limit.TPM), "in_flight": d.number(&st.limit.InFlight)}),
		"budget":  d.group(fields{"max": d.sum(&st.max), "currency": d.text(&st.currency)}),
	})
	if d.err == nil && st.reference == "" {
		d.fail(n, "the embedder has no reference")
	}
	if st.timeout == 0 {
		st.timeout = time.Minute
	}
	return st
}

func (d *decoder) group(f fields) func(*yaml.Node) {
	return func(n *yaml.Node) { d.mapping(n, f) }
}

// mapping reads a mapping of which every name is known.
func (d *decoder) mapping(n *yaml.Node, f fields) {
	d.each(n, func(key, value *yaml.Node) {
		read := f[key.Value]
		if read == nil {
			var known []string
			for name := range f {
				known = append(known, name)
			}
			slices.Sort(known)
			d.fail(key, "there is no field of this name; there are %s", strings.Join(known, ", ")) // not quoted: it may be a key
			return
		}
		read(value)
	})
}

func (d *decoder) each(n *yaml.Node, do func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode || n.Anchor != "" {
		d.fail(n, "a mapping is needed here (name: value), without anchors and aliases")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content) && d.err == nil; i += 2 {
		key := n.Content[i]
		var name string
		if d.text(&name)(key); d.err == nil && seen[name] {
			d.fail(key, "a name is given twice")
		}
		if seen[name] = true; d.err == nil {
			do(key, n.Content[i+1])
		}
	}
}

func (d *decoder) text(to *string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.Anchor != "" || n.Value == "" || n.ShortTag() == "!!null" || n.Style&yaml.TaggedStyle != 0 {
			d.fail(n, "a plain value is needed here, without anchors, aliases and tags")
			return
		}
		*to = n.Value
	}
}

func (d *decoder) list(to *[]string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.SequenceNode || n.Anchor != "" || len(n.Content) == 0 {
			d.fail(n, "a list of references is needed here, without anchors and aliases")
			return
		}
		for _, item := range n.Content {
			var s string
			d.text(&s)(item)
			*to = append(*to, s)
		}
	}
}

func (d *decoder) number(to *int) func(*yaml.Node) {
	return func(n *yaml.Node) {
		var s string
		if d.text(&s)(n); d.err != nil {
			return
		}
		v, err := strconv.Atoi(s)
		if err != nil || v <= 0 {
			d.fail(n, "a whole number above 0 is needed here")
			return
		}
		*to = v
	}
}

func (d *decoder) sum(to *float64) func(*yaml.Node) {
	return func(n *yaml.Node) {
		var s string
		if d.text(&s)(n); d.err != nil {
			return
		}
		v, err := strconv.ParseFloat(s, 64)
		if err != nil || !(v > 0) || math.IsInf(v, 0) {
			d.fail(n, "a number above 0 is needed here")
			return
		}
		*to = v
	}
}

func (d *decoder) duration(to *time.Duration) func(*yaml.Node) {
	return func(n *yaml.Node) {
		var s string
		if d.text(&s)(n); d.err != nil {
			return
		}
		v, err := time.ParseDuration(s)
		if err != nil || v < 0 {
			d.fail(n, "a duration is needed here, such as 500ms, 30s or 2m")
			return
		}
		*to = v
	}
}
