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
	keys    map[string]bool // nil means that no key is needed
	catalog []FaultInfo
	seed    uint64
	base    embedding.Embedder
	tokens  func(string) int
	killed  func()
	space   *space
	cache   *cache
	control http.Handler // nil means off

	batches batches

	mu        sync.Mutex
	settings  Settings
	faults    []*fault
	down      bool                 // the fault kill has struck
	until     time.Time            // the fault restart is over
	throttles map[string]*throttle // by model; all keys share one account
	books     *books               // a new one after Reset
	inFlight  int
	jitter    *rand.Rand
}

// Configure replaces the settings. Requests in flight keep the old ones.
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

// SetFaults replaces the active faults. Without arguments it removes all of them and revives an
// emulator that the fault kill took down. At each stage of a request the first fault that is due
// strikes, in the order given here.
func (s *Server) SetFaults(faults ...Fault) error {
	prepared, err := s.prepare(faults)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.down, s.until = prepared, false, time.Time{}
	return nil
}

// Faults returns the active faults with their counts.
func (s *Server) Faults() []FaultState {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]FaultState, len(s.faults))
	for i, f := range s.faults {
		out[i] = f.FaultState
	}
	return out
}

// strike returns the first fault that is due at a stage and applies to this request. A fault with a
// Match applies to calls with such a text.
func (x *exchange) strike(at stage, could func(Fault) bool) *fault {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, f := range x.faults {
		if f.info.stage == at && (f.Fault.Match == "" || x.holding(f.Fault.Match) >= 0) && (could == nil || could(f.Fault)) && f.due() {
			x.books.Faults[f.Fault.Name]++
			return f
		}
	}
	return nil
}

// Catalog returns all faults of this emulator.
func (s *Server) Catalog() []FaultInfo { return slices.Clone(s.catalog) }

func named(name string) func(Fault) bool { return func(f Fault) bool { return f.Name == name } }

// ServeHTTP answers as the service would. If a fault or a lost caller requires it, ServeHTTP ends
// the connection without an answer: by a TCP reset if it can, otherwise by a panic with
// http.ErrAbortHandler, which net/http handles.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.control != nil && strings.HasPrefix(r.URL.Path, ControlPath) {
		s.control.ServeHTTP(w, r)
		return
	}
	x := &exchange{Server: s, w: w, req: &dialect.Request{Request: r, ID: requestID(), Arrived: time.Now(), Out: w.Header()}}
	s.mu.Lock()
	if s.down || x.req.Arrived.Before(s.until) {
		s.mu.Unlock()
		x.drop()
		return
	}
	s.inFlight++
	x.settings, x.books = s.settings, s.books
	x.books.Requests++
	x.books.MaxInFlight = max(x.books.MaxInFlight, s.inFlight)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.inFlight--
		x.books.Answers[x.status]++
		s.mu.Unlock()
		if x.abort {
			x.drop()
		}
	}()
	x.serve()
}
