package config

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/strictyaml"
	"github.com/vecspace/embedding/middleware"
)

// Serving is what a file says for a server of its embedders. Zero values mean the server's
// defaults.
type Serving struct {
	Default string            // the embedder of requests that name none
	Models  map[string]Serves // by the name of an embedder

	Address    string   // to listen on: host:port
	Operations string   // the address of health, metrics and status; "off" means none
	Keys       string   // the file of keys
	State      string   // the file that keeps what keys have spent
	Hosts      []string // names by which requests may reach a server without keys
	Cert, Key  string   // files of a certificate and its key, for TLS

	Texts, TextBytes, InFlight int   // texts in a request, bytes of a text, requests at once
	BodyBytes, Bytes           int64 // of a body, and of all bodies at once
	Timeout                    time.Duration
}

// Serves is what a file says of an embedder for a server.
type Serves struct {
	Reference string
	Aliases   []string // other names of the embedder
	Truncate  bool     // requests may ask for any shorter length
	Tokens    string   // the vocabulary of clients that send token ids; a name in [Parts]
}

// Serving returns what the file says for a server.
func (s *Set) Serving() Serving { return s.serving }

func (s *Serving) decode(d *strictyaml.Decoder) func(*strictyaml.Node) {
	return d.Group(strictyaml.Fields{
		"address": d.Text(&s.Address), "operations": d.Text(&s.Operations), "keys": d.Text(&s.Keys), "state": d.Text(&s.State),
		"hosts": d.List(&s.Hosts), "cert": d.Text(&s.Cert), "key": d.Text(&s.Key),
		"texts": d.Count(&s.Texts), "text_bytes": d.Count(&s.TextBytes), "in_flight": d.Count(&s.InFlight),
		"body_bytes": d.Size(&s.BodyBytes), "bytes": d.Size(&s.Bytes), "timeout": d.Duration(&s.Timeout),
	})
}

// names checks that each name of an embedder is one, and that the default is there.
func (f *file) names() error {
	owner := map[string]string{}
	for name := range f.stacks {
		owner[name] = name
	}
	for _, name := range slices.Sorted(maps.Keys(f.stacks)) {
		for _, alias := range f.stacks[name].aliases {
			if other, taken := owner[alias]; taken {
				return fmt.Errorf("config: line %d: embedder %q: the alias %q is a name of %q already", f.stacks[name].line, name, alias, other)
			}
			owner[alias] = name
		}
	}
	if d := f.serving.Default; d != "" && owner[d] == "" {
		return fmt.Errorf("config: the default %q is no embedder of the file", d)
	}
	return nil
}

// unique drops aliases that belong to several embedders.
func (f *file) unique() {
	count := map[string]int{}
	for name, st := range f.stacks {
		count[name]++
		for _, alias := range st.aliases {
			count[alias]++
		}
	}
	for name, st := range f.stacks {
		st.aliases = slices.DeleteFunc(st.aliases, func(alias string) bool { return count[alias] > 1 })
		f.stacks[name] = st
	}
}

// decodeTokens reads the name of a vocabulary.
func decodeTokens(d *strictyaml.Decoder, parts Parts, to *string) func(*strictyaml.Node) {
	return func(n *strictyaml.Node) {
		if d.Text(to)(n); d.Err != nil {
			return
		}
		if _, ok := parts.Tokens[*to]; ok {
			return
		}
		if slices.Contains(inFullBuild["tokens"], *to) {
			d.Fail(n, "tokens: %s needs the full build: %s; a program of its own passes it in config.Parts", *to, fullBuild)
			return
		}
		names := slices.Sorted(maps.Keys(parts.Tokens))
		d.Fail(n, "tokens: there is no vocabulary of this name; there are %s", strings.Join(slices.Compact(slices.Sorted(slices.Values(append(names, inFullBuild["tokens"]...)))), ", "))
	}
}

func decodeBool(d *strictyaml.Decoder, to *bool) func(*strictyaml.Node) {
	return func(n *strictyaml.Node) {
		var s string
		if d.Text(&s)(n); d.Err == nil && s != "true" && s != "false" {
			d.Fail(n, "write true or false")
		}
		*to = s == "true"
	}
}

// gathered is the largest call that waits for others.
const gathered = 4

// gather makes small calls share requests; large ones do not wait. It stands between the cache,
// whose hits do not wait either, and the layers that [middleware.Standard] describes.
func gather(window time.Duration) embedding.Middleware {
	return func(next embedding.Embedder) embedding.Embedder {
		together := middleware.Coalesce(middleware.CoalesceOptions{Window: window})(next)
		return embedding.Wrap(next, next.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			if len(req.Texts) <= gathered {
				return together.Embed(ctx, req)
			}
			return next.Embed(ctx, req)
		})
	}
}
