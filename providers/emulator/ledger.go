package emulator

import (
	"crypto/sha256"
	"maps"

	"github.com/vecspace/embedding"
)

// Ledger is what the emulator has seen and billed since New or Reset. It holds no text and no key.
//
// "Each text is billed once" is Twice == 0. Where connections are lost on purpose, a text has to be
// asked for again; then Repeated == 0 says that nobody paid for what had arrived already.
type Ledger struct {
	Requests    int         `json:"requests"`      // that arrived, whatever became of them
	Answers     map[int]int `json:"answers"`       // of them by HTTP status; 0: no or half an answer (reset, hang, caller gone)
	MaxInFlight int         `json:"max_in_flight"` // most requests at one time

	Billed   int `json:"billed"`           // requests that were billed
	Texts    int `json:"texts"`            // texts that were billed, each time they were
	Tokens   int `json:"tokens"`           // tokens that were billed
	Unsaid   int `json:"unsaid,omitempty"` // of the billed requests those whose answers do not say their tokens
	Distinct int `json:"distinct"`         // different texts that were billed; another model, role or length makes another one
	Twice    int `json:"twice"`            // of the different ones those billed more than once

	Lost     int `json:"lost"`     // texts billed whose answer did not arrive: the connection ended, or the caller had left
	Spoiled  int `json:"spoiled"`  // texts billed whose answer arrived, useless by a fault
	Repeated int `json:"repeated"` // texts billed and delivered although they had been delivered before

	Faults map[string]int `json:"faults"` // how often each fault struck
}

// Usage is what was billed, also for answers that were lost or spoiled, in the form embedtest
// compares.
func (l Ledger) Usage() embedding.Usage {
	if l.Unsaid > 0 {
		return embedding.Usage{Requests: l.Billed, Unmetered: l.Unsaid}
	}
	return embedding.Usage{Requests: l.Billed, Tokens: l.Tokens}
}

// digest stands for a text: the first half of its SHA-256, so that no text is kept and none can be
// made to collide.
type digest [16]byte

func digestOf(text string) digest {
	sum := sha256.Sum256([]byte(text))
	return digest(sum[:16])
}

// variant is what gives one text different vectors.
type variant struct {
	model      string
	dimensions int
	role       string
}

// times is how often one text was billed, and how often its vector arrived.
type times struct{ billed, delivered uint32 }

// books is the ledger being kept.
type books struct {
	Ledger
	inFlight int
	texts    map[variant]map[digest]times
}

func newBooks() books {
	return books{
		Ledger: Ledger{Answers: map[int]int{}, Faults: map[string]int{}},
		texts:  map[variant]map[digest]times{},
	}
}

func (b *books) bill(v variant, texts []digest, tokens int) {
	b.Billed++
	b.Texts += len(texts)
	b.Tokens += tokens
	of := b.texts[v]
	if of == nil {
		of = map[digest]times{}
		b.texts[v] = of
	}
	for _, d := range texts {
		t := of[d]
		t.billed++
		of[d] = t
		switch t.billed {
		case 1:
			b.Distinct++
		case 2:
			b.Twice++
		}
	}
}

// outcome is what became of an answer that was billed.
type outcome uint8

const (
	delivered outcome = iota
	lost
	spoiled
)

func (b *books) settle(v variant, texts []digest, what outcome) {
	switch what {
	case lost:
		b.Lost += len(texts)
		return
	case spoiled:
		b.Spoiled += len(texts)
		return
	}
	of := b.texts[v]
	for _, d := range texts {
		t, known := of[d]
		if !known {
			continue // billed before a Reset
		}
		if t.delivered > 0 {
			b.Repeated++
		}
		t.delivered++
		of[d] = t
	}
}

// Ledger returns a copy of the ledger.
func (s *Server) Ledger() Ledger {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.books.Ledger
	l.Answers, l.Faults = maps.Clone(l.Answers), maps.Clone(l.Faults)
	return l
}

// TimesBilled is how often a text was billed, for any model, role and dimensions.
func (s *Server) TimesBilled(text string) int {
	d := digestOf(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, of := range s.books.texts {
		n += int(of[d].billed)
	}
	return n
}

// Reset empties the ledger and forgets what the rates have counted. Settings and faults stay.
// Requests under way are counted where they end.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	inFlight := s.books.inFlight
	s.books = newBooks()
	s.books.inFlight, s.books.MaxInFlight = inFlight, inFlight
	clear(s.throttles)
}
