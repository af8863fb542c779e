package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vecspace/embedding"
)

// Options configures [New]. Only Models is required.
type Options struct {
	// Models are what requests may name.
	Models map[string]Model
	// Default is the model of requests that name none. "" means the only model, if there is one.
	Default string
	// Keys are the good keys. nil means that requests need none: then serve this machine only.
	Keys *Keys
	// Hosts are the names by which requests may reach a server without keys, besides localhost and
	// loopback addresses: a page in a browser can resolve a name of its own to this machine. "*" means
	// any name.
	Hosts  []string
	Limits Limits
	// Timeout is how long a request may take once it has been read. 0 means 5 minutes.
	Timeout time.Duration
	// Access is called once per request, after its answer. It must be quick, and safe for concurrent
	// use. It may be nil.
	Access func(Access)
}

// Model is a model to serve.
type Model struct {
	// Embedder has the whole chain, with a cache if answers are to be reused. If its Model limits the
	// texts of a request, the server splits requests.
	Embedder embedding.Embedder
	Aliases  []string // other names that requests may use
	// Lengths are shorter lengths that requests may ask for. The server cuts the vectors and
	// normalizes them, which only suits models that were trained for it.
	Lengths []int
	Shorter bool // requests may ask for any shorter length
	// Decode returns the text of token ids, which some clients send instead of texts. It returns an
	// error for ids that its vocabulary does not have, and must be safe for concurrent use. nil means
	// that token ids are refused.
	Decode func(ids []int) (string, error)
}

// Limits are the limits of requests. A zero field means the default.
type Limits struct {
	Texts     int           // in a request; 2,048
	TextBytes int           // of one text; 1 MiB
	Body      int64         // bytes of a body, also after gzip; 32 MiB
	InFlight  int           // requests at once; 256
	Bytes     int64         // of all bodies at once; 64 MiB
	BodyTime  time.Duration // to read a body; 60 s
}

func (l Limits) filled() Limits {
	return Limits{
		Texts: cmp.Or(l.Texts, 2048), TextBytes: cmp.Or(l.TextBytes, 1<<20), Body: cmp.Or(l.Body, 32<<20),
		InFlight: cmp.Or(l.InFlight, 256), Bytes: cmp.Or(l.Bytes, 64<<20), BodyTime: cmp.Or(l.BodyTime, time.Minute),
	}
}

// Access describes a request. It holds neither texts nor keys.
type Access struct {
	ID       string // of the request, as in X-Request-Id
	Start    time.Time
	Took     time.Duration
	Key      string // the name of the key; "" if there was none
	Wire     string // "openai", "cohere" and so on; "" if no path matched
	Model    string // its key in Options.Models; "" if there was none
	Status   int    // 499 if the client left
	Texts    int
	Rejected int // of Texts
	Usage    embedding.Usage
	Cost     float64 // in Currency; 0 if the price is unknown
	Currency string
	Decode   time.Duration // reading and checking the request
	Embed    time.Duration
	Encode   time.Duration
	Open     time.Duration  // until the circuit of the model's provider closes, if that is why it failed
	Kind     embedding.Kind // of the error that ended it; Unknown if there was none
}

// Server is an [http.Handler] over Embedders. It is safe for concurrent use.
type Server struct {
	limits  Limits
	timeout time.Duration
	access  func(Access)
	keys    *Keys
	hosts   map[string]bool // nil means any
	models  []*served       // sorted by name
	names   map[string]*served
	dflt    *served // nil means that requests have to name a model
	mounts  []mount

	inFlight atomic.Int64
	held     atomic.Int64 // bytes of bodies
	draining atomic.Bool
	started  time.Time
	meters   *meters
}

// New returns a Server. It does no I/O. An error says which option is wrong.
func New(o Options) (*Server, error) {
	s := &Server{
		limits: o.Limits.filled(), timeout: cmp.Or(o.Timeout, 5*time.Minute), access: o.Access,
		keys: o.Keys, names: map[string]*served{}, mounts: mounts(), started: time.Now(),
	}
	l := s.limits
	if min(int64(l.Texts), int64(l.TextBytes), l.Body, int64(l.InFlight), l.Bytes, int64(l.BodyTime), int64(s.timeout)) < 0 {
		return nil, errors.New("server: a limit or the timeout is negative")
	}
	if len(o.Models) == 0 {
		return nil, errors.New("server: Options.Models is empty: there is nothing to serve")
	}
	for _, name := range slices.Sorted(maps.Keys(o.Models)) {
		m, err := newServed(name, o.Models[name])
		if err != nil {
			return nil, err
		}
		for _, name := range append([]string{name}, m.aliases...) {
			if strings.TrimSpace(name) == "" {
				return nil, errors.New("server: a name of a model is blank")
			}
			if other := s.names[name]; other != nil {
				return nil, fmt.Errorf("server: the name %q belongs to two models, %s and %s", name, other.name, m.name)
			}
			s.names[name] = m
		}
		s.models = append(s.models, m)
	}
	switch {
	case o.Default != "":
		if s.dflt = s.names[o.Default]; s.dflt == nil {
			return nil, fmt.Errorf("server: the default %q is no model: there are %s", o.Default, s.listed(nil))
		}
	case len(s.models) == 1:
		s.dflt = s.models[0]
	}
	if o.Keys == nil && !slices.Contains(o.Hosts, "*") {
		s.hosts = map[string]bool{"localhost": true}
		for _, h := range o.Hosts {
			s.hosts[strings.ToLower(h)] = true
		}
	}
	s.meters = newMeters(s)
	return s, nil
}

// Probe asks each model whose vector space is unknown for one vector, which costs a request. The
// server is ready once it knows them all; any answer teaches it as well.
func (s *Server) Probe(ctx context.Context) error {
	var errs []error
	for _, m := range s.models {
		if err := m.probe(ctx); err != nil {
			errs = append(errs, fmt.Errorf("model %q: %w", m.name, err))
		}
	}
	return errors.Join(errs...)
}

// unready returns the names of the models whose space is unknown.
func (s *Server) unready() (names []string) {
	for _, m := range s.models {
		if m.model.Load().Space == "" {
			names = append(names, m.name)
		}
	}
	return names
}

// Drain makes answers end their connections, and the server not ready. Call it before
// [http.Server.Shutdown], and wait until load balancers have noticed.
func (s *Server) Drain() { s.draining.Store(true) }

// listed returns the names of the models that a key may use, for a message.
func (s *Server) listed(k *client) string {
	var all []string
	for _, m := range s.models {
		if k.may(m) {
			all = append(all, m.name)
		}
	}
	return strings.Join(all, ", ")
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := newExchange(s, w, r)
	defer x.done()
	x.serve()
}
