package emulator

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
)

// Server is an emulator. It is safe for concurrent use.
type Server struct {
	vendor  *Vendor
	dialect dialect.Dialect
	keys    map[string]bool // nil: none is asked for
	catalog []FaultInfo
	seed    uint64
	base    embedding.Embedder
	tokens  func(string) int
	killed  func()
	space   *space
	cache   *cache
	control http.Handler // nil: off

	mu        sync.Mutex
	settings  Settings
	faults    []*fault
	down      bool                 // the fault kill has struck
	throttles map[string]*throttle // by model: the account is one, whatever the key
	books     books
	jitter    *rand.Rand
}

// Configure replaces the settings. Requests that have begun keep the old ones.
func (s *Server) Configure(to Settings) error {
	if err := to.check(s.vendor); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings = to.clone()
	return nil
}

// Settings returns a copy of the settings.
func (s *Server) Settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings.clone()
}

// SetFaults replaces the faults that are switched on; without any, none is, and an emulator that
// was killed lives again. Their order is kept: at each stage of a request the first that is due
// strikes.
func (s *Server) SetFaults(faults ...Fault) error {
	prepared, err := s.prepare(faults)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.down = prepared, false
	return nil
}

// Faults returns the faults that were set, with what became of them.
func (s *Server) Faults() []FaultState {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]FaultState, len(s.faults))
	for i, f := range s.faults {
		out[i] = f.FaultState
	}
	return out
}

// strike returns the first fault that is due at a stage, of those that could strike this request.
func (s *Server) strike(at stage, could func(Fault) bool) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.info.stage == at && (could == nil || could(f.Fault)) && f.due() {
			s.books.Faults[f.Fault.Name]++
			return f
		}
	}
	return nil
}

// Catalog returns every fault that can be set.
func (s *Server) Catalog() []FaultInfo { return slices.Clone(s.catalog) }

func named(name string) func(Fault) bool { return func(f Fault) bool { return f.Name == name } }

// ServeHTTP answers as the service would. Where a fault or a caller who has left asks for it, it
// ends the connection without an answer: by a reset where the connection is TCP, else by panicking
// with http.ErrAbortHandler as net/http provides for.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.control != nil && strings.HasPrefix(r.URL.Path, ControlPath) {
		s.control.ServeHTTP(w, r)
		return
	}
	x := &exchange{Server: s, w: w, req: &dialect.Request{Request: r, ID: requestID(), Arrived: time.Now(), Out: w.Header()}}
	s.mu.Lock()
	if s.down {
		s.mu.Unlock()
		x.drop()
		return
	}
	b := &s.books
	b.Requests++
	b.inFlight++
	b.MaxInFlight = max(b.MaxInFlight, b.inFlight)
	x.settings = s.settings
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.books.inFlight--
		s.books.Answers[x.status]++
		s.mu.Unlock()
		if x.abort {
			x.drop()
		}
	}()
	x.serve()
}
