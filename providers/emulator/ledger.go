package emulator

import (
	"crypto/sha256"
	"maps"

	"github.com/vecspace/embedding"
)

// Ledger counts what the emulator has seen and billed since New or Reset. It holds no text and no
// key.
//
// If Twice is 0, each text was billed once. When connections are lost on purpose, clients must
// repeat texts. Then Repeated == 0 shows that nobody paid again for a delivered text.
type Ledger struct {
	Requests    int         `json:"requests"`      // all requests that arrived
	Answers     map[int]int `json:"answers"`       // requests by HTTP status; 0 means no complete answer (reset, hang, caller gone)
	MaxInFlight int         `json:"max_in_flight"` // most concurrent requests

	Billed   int `json:"billed"`           // requests billed
	Texts    int `json:"texts"`            // texts billed, counted each time
	Tokens   int `json:"tokens"`           // tokens billed
	Unsaid   int `json:"unsaid,omitempty"` // billed requests without a token count in the answer
	Distinct int `json:"distinct"`         // different texts billed; a text counts once per model, role and length
	Twice    int `json:"twice"`            // different texts billed more than once

	Lost     int `json:"lost"`     // texts billed but not delivered: the connection ended or the caller left
	Spoiled  int `json:"spoiled"`  // texts billed and delivered in an answer that a fault made useless
	Repeated int `json:"repeated"` // texts billed and delivered again after an earlier delivery

	Faults map[string]int `json:"faults"` // how often each fault struck
}

// Usage returns what was billed, including lost and useless answers, in the form that embedtest
// compares.
func (l Ledger) Usage() embedding.Usage {
	if l.Unsaid > 0 {
		return embedding.Usage{Requests: l.Billed, Unmetered: l.Unsaid}
	}
	return embedding.Usage{Requests: l.Billed, Tokens: l.Tokens}
}

// digest stands for a text: the first half of its SHA-256. So the ledger keeps no text, and nobody
// can construct a collision.
type digest [16]byte

func digestOf(text string) digest {
	sum := sha256.Sum256([]byte(text))
	return digest(sum[:16])
}

// variant is everything besides the text that changes its vector.
type variant struct {
	model      string
	dimensions int
	role       string
}

// times counts how often a text was billed and how often its vector was delivered.
type times struct{ billed, delivered uint32 }

// books is the running ledger.
type books struct {
	Ledger
	texts map[variant]map[digest]times
}

func newBooks() *books {
	return &books{
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

// outcome says what happened to a billed answer.
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
		t := of[d]
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

// TimesBilled returns how often a text was billed, for any model, role and dimensions.
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

// Reset empties the ledger and the counts of the rates. Settings and faults stay. A request in
// flight counts in the ledger of before, so Answers always sums up to the Requests that have ended.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books = newBooks()
	clear(s.throttles)
}
