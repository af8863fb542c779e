package command

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/internal/prefixes"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/ref"
	"github.com/vecspace/embedding/server"
)

const serveUsage = `usage: vecspace serve [REFERENCE…] [FLAGS]
       vecspace serve -config FILE [FLAGS]

Serves embedders over HTTP in the formats of OpenAI (/v1/embeddings), Cohere, DashScope, Gemini,
Ollama, TEI, Voyage and others, so that any client of theirs works. Without arguments it serves
static:base. docs/serve.md describes paths, errors, keys and limits.

The first Ctrl-C or SIGTERM lets requests under way end; the second ends the program at once.

`

// serveFlags are the arguments of serve.
type serveFlags struct {
	references     []string
	config         string
	addr, ops      string
	addrGiven      bool
	opsGiven       bool
	public, open   bool
	keys, state    string
	newKey         string
	hosts          []string
	cert, key      string
	access         string
	drainDelay     time.Duration
	drainDelaySet  bool
	drain, timeout time.Duration
	cacheBytes     int64
	probe          bool
}

const (
	serveAddr = "127.0.0.1:8090"
	opsAddr   = "127.0.0.1:8091"
)

func (p Parts) serveFlags(args []string, std streams) (f serveFlags, err error) {
	fs := flag.NewFlagSet("vecspace serve", flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), serveUsage)
		fs.PrintDefaults()
	}
	fs.StringVar(&f.config, "config", "", "serve the embedders of this YAML `file`, as its section server says; flags override it")
	fs.StringVar(&f.addr, "addr", "", "`address` to listen on; port 0 takes a free one (default "+serveAddr+", or the next free port)")
	fs.StringVar(&f.ops, "ops", "", "`address` of health, metrics and the status page, or off (default "+opsAddr+", or the next free port)")
	fs.BoolVar(&f.public, "public", false, "allow an address that other machines reach; it needs -keys")
	fs.BoolVar(&f.open, "insecure-open", false, "allow -public without keys: everyone who reaches the address spends your money")
	fs.StringVar(&f.keys, "keys", "", "`file` of the keys that clients need, looked at every 10 s and at SIGHUP")
	fs.StringVar(&f.state, "state", "", "`file` that keeps what budgets of keys have spent")
	fs.StringVar(&f.newKey, "new-key", "", "make a key of this `name`, add it to the file of -keys, print it once and exit")
	fs.Func("host", "a `name` by which clients reach a server without keys, besides localhost; repeatable", func(h string) error {
		f.hosts = append(f.hosts, h)
		return nil
	})
	fs.StringVar(&f.cert, "cert", "", "`file` of a certificate, for TLS")
	fs.StringVar(&f.key, "cert-key", "", "`file` of the certificate's key")
	fs.StringVar(&f.access, "access-log", "", "append a line of JSON for each request to this `file`; -: the standard error")
	fs.DurationVar(&f.drainDelay, "drain-delay", 5*time.Second, "how long to go on accepting after SIGTERM, until load balancers have noticed (without -public: 0)")
	fs.DurationVar(&f.drain, "drain", 30*time.Second, "how long requests under way may then take")
	fs.DurationVar(&f.timeout, "timeout", 0, "how long a request may take; 0: 5m")
	fs.Int64Var(&f.cacheBytes, "cache-bytes", 64<<20, "memory for the vectors of each REFERENCE; 0: no cache")
	fs.BoolVar(&f.probe, "probe", false, "ask the server at -ops whether it lives; exit with 0 or 1")
	if f.references, err = parse(fs, args, std); err != nil {
		return f, err
	}
	fs.Visit(func(set *flag.Flag) { f.drainDelaySet = f.drainDelaySet || set.Name == "drain-delay" })
	if f.config != "" && len(f.references) > 0 {
		return f, usagef("-config replaces the references: leave them out")
	}
	if f.drain < 0 || f.drainDelay < 0 || f.timeout < 0 || f.cacheBytes < 0 {
		return f, usagef("a duration or -cache-bytes is below 0")
	}
	return f, nil
}

// fill takes from the file what the flags leave open, and the defaults.
func (f *serveFlags) fill(s config.Serving) error {
	f.addr, f.ops = cmp.Or(f.addr, s.Address), cmp.Or(f.ops, s.Operations)
	f.addrGiven, f.opsGiven = f.addr != "", f.ops != ""
	f.addr, f.ops = cmp.Or(f.addr, serveAddr), cmp.Or(f.ops, opsAddr)
	f.keys, f.state = cmp.Or(f.keys, s.Keys), cmp.Or(f.state, s.State)
	f.cert, f.key = cmp.Or(f.cert, s.Cert), cmp.Or(f.key, s.Key)
	f.timeout = cmp.Or(f.timeout, s.Timeout)
	f.hosts = append(f.hosts, s.Hosts...)
	if !f.public && !f.drainDelaySet {
		f.drainDelay = 0
	}
	switch {
	case (f.cert == "") != (f.key == ""):
		return usagef("TLS needs both -cert and -cert-key")
	case f.state != "" && f.keys == "":
		return usagef("-state keeps what keys have spent: add -keys FILE")
	case f.public && f.keys == "" && !f.open:
		return usagef("-public without -keys lets everyone spend your money: add -keys FILE, or -insecure-open if that is meant")
	}
	return nil
}

// address resolves an address and checks that nobody but this machine reaches it, unless that is
// meant.
func (f *serveFlags) address(name, value string, allowed bool) (*net.TCPAddr, error) {
	addr, err := net.ResolveTCPAddr("tcp", value)
	if err != nil {
		return nil, usagef("%s: %v", name, err)
	}
	if !addr.IP.IsLoopback() && !allowed {
		return nil, usagef("%s %s can be reached from other machines: use 127.0.0.1, or pass -public and -keys", name, value)
	}
	return addr, nil
}

func (p Parts) serveModels(ctx context.Context, args []string, std streams) (err error) {
	f, err := p.serveFlags(args, std)
	if err != nil {
		return err
	}
	switch {
	case f.newKey != "":
		return f.makeKey(std.out)
	case f.probe:
		return probe(ctx, cmp.Or(f.ops, opsAddr))
	}
	var running atomic.Pointer[server.Server] // which opens after its embedders
	p.Attempts = func(name string, e middleware.Event) {
		if s := running.Load(); s != nil {
			s.Attempt(name, e)
		}
	}
	set, err := p.serveSet(f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	if err := f.fill(set.Serving()); err != nil {
		return err
	}
	addr, err := f.address("-addr", f.addr, f.public)
	if err != nil {
		return err
	}
	l, err := f.listening(set, addr, p.Tokens, std)
	if err != nil {
		return err
	}
	running.Store(l.server)
	for _, notice := range l.notices(set) {
		fmt.Fprintln(std.err, "vecspace serve: "+notice)
	}
	return l.run(ctx)
}

// notices says which models miss the prefixes that their cards ask for, in the order of names.
func (l *listening) notices(set *config.Set) (out []string) {
	for _, name := range set.Names() {
		e, err := set.Embedder(name)
		if err != nil {
			continue // listening has refused it
		}
		if notice := prefixes.Notice(set.Serving().Models[name].Reference, e.Model()); notice != "" {
			out = append(out, name+": "+notice)
		}
	}
	return out
}

// gather is how long small requests of many clients wait for each other.
const gather = 2 * time.Millisecond

func (p Parts) serveSet(f serveFlags) (*config.Set, error) {
	p.Gather = gather
	if f.config != "" {
		return config.Load(f.config, p.Parts)
	}
	references := f.references
	if len(references) == 0 {
		references = []string{"static:base"}
	}
	return config.References(references, f.cacheBytes, p.Parts)
}

// options are the server's.
func (f *serveFlags) options(set *config.Set, keys *server.Keys, tokens map[string]func([]int) (string, error)) (server.Options, error) {
	s := set.Serving()
	o := server.Options{
		Models: map[string]server.Model{}, Default: s.Default, Keys: keys, Hosts: f.hosts, Timeout: f.timeout,
		Limits: server.Limits{Texts: s.Texts, TextBytes: s.TextBytes, Body: s.BodyBytes, InFlight: s.InFlight, Bytes: s.Bytes},
	}
	if f.public {
		o.Hosts = []string{"*"}
	}
	for name, about := range s.Models {
		e, err := set.Embedder(name)
		if err != nil {
			return o, err
		}
		m := server.Model{Embedder: e, Aliases: about.Aliases, Shorter: about.Truncate, Decode: tokens[about.Tokens]}
		if about.Tokens == "" && slices.ContainsFunc(append([]string{name}, about.Aliases...), func(n string) bool { return strings.HasPrefix(n, "text-embedding-") }) {
			m.Decode = tokens["cl100k_base"] // langchain's clients send its ids to models of these names
		}
		if r, err := ref.Parse(about.Reference); err == nil {
			for _, entry := range providers.Catalog() {
				if entry.Provider == r.Provider && entry.Model == r.Model {
					m.Lengths = entry.Dimensions.OneOf
					m.Shorter = m.Shorter || m.Lengths == nil && entry.Dimensions.Max > entry.Dimensions.Min
				}
			}
		}
		o.Models[name] = m
	}
	return o, nil
}

// makeKey makes a key and shows it once.
func (f *serveFlags) makeKey(out io.Writer) error {
	secret, hash := server.NewKey()
	line := f.newKey + " " + hash + "\n"
	if f.keys == "" {
		_, err := fmt.Fprintf(out, "%s\n\nThe line for the file of -keys:\n\n%s", secret, line)
		return err
	}
	old, err := os.ReadFile(f.keys)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if len(old) > 0 && old[len(old)-1] != '\n' {
		line = "\n" + line
	}
	if err := server.CheckKeys(append(old, line...)); err != nil {
		return fmt.Errorf("%s: %w", f.keys, err)
	}
	file, err := os.OpenFile(f.keys, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(line)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, secret)
	return err
}

// probe asks a server whether it lives.
func probe(ctx context.Context, ops string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+ops+"/healthz", nil)
	if err != nil {
		return usagef("-ops: %v", err)
	}
	res, err := (&http.Client{Transport: &http.Transport{}}).Do(r) // past any proxy
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // nobody reads it
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", ops, res.Status)
	}
	return nil
}

// profiled adds pprof to the operations address.
func profiled(h http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if ip := net.ParseIP(strings.Trim(host, "[]")); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			h.ServeHTTP(w, r) // which refuses what the host may not see
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// accessLog returns what logs requests, without texts and keys.
func accessLog(w io.Writer) func(server.Access) {
	log := slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.LevelKey || a.Key == slog.MessageKey {
			return slog.Attr{}
		}
		return a
	}}))
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return func(a server.Access) {
		attrs := []slog.Attr{
			slog.String("id", a.ID), slog.String("key", a.Key), slog.String("wire", a.Wire), slog.String("model", a.Model), slog.Int("status", a.Status),
			slog.Int("texts", a.Texts), slog.Int("rejected", a.Rejected), slog.Int("reused", a.Usage.Reused), slog.Int("tokens", a.Usage.Tokens),
			slog.Float64("cost", a.Cost), slog.String("currency", a.Currency),
			slog.Float64("ms", ms(a.Took)), slog.Float64("decode_ms", ms(a.Decode)), slog.Float64("embed_ms", ms(a.Embed)), slog.Float64("encode_ms", ms(a.Encode)),
		}
		if a.Kind != 0 {
			attrs = append(attrs, slog.String("error", a.Kind.Error()))
		}
		attrs = slices.DeleteFunc(attrs, func(at slog.Attr) bool { return at.Value.Kind() == slog.KindString && at.Value.String() == "" })
		log.LogAttrs(context.Background(), slog.LevelInfo, "", attrs...)
	}
}
