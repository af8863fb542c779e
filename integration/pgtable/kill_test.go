package pgtable_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/emulator"
)

// However many processes are killed, and whatever changes meanwhile, every vector is of its text at
// the end, and no more is paid for again than was in flight.
func TestKills(t *testing.T) {
	s := newSite(t)
	p := newProvider(t, emulator.Options{Settings: emulator.Settings{Latency: 30 * time.Millisecond, Jitter: 20 * time.Millisecond}})
	const rows = 20_000
	s.docs("docs", rows)
	sp := spec("docs_vec")
	sp.Reference = p.reference
	table := s.init(sp, p.open(t))
	running := make([]*process, 4)
	for i := range running {
		running[i] = begin(t, helper{URL: s.url, Into: "docs_vec"})
	}
	rng := rand.New(rand.NewPCG(3, 4))
	kills, changes := 0, 0
	for deadline := time.Now().Add(4 * time.Minute); ; {
		if time.Now().After(deadline) {
			t.Fatalf("the work does not end: %s", s.status(table))
		}
		time.Sleep(time.Duration(rng.Int64N(int64(200 * time.Millisecond))))
		for range 5 {
			if changes < rows/100 {
				expect.NoError(t, s.change(t.Context(), rng, changes, rows))
				changes++
			}
		}
		live := 0
		for i, h := range running {
			if !h.over() {
				live++
			} else if !h.ProcessState.Success() {
				if h.ProcessState.ExitCode() >= 0 {
					t.Fatalf("a process failed: %s", &h.out)
				}
				running[i] = begin(t, helper{URL: s.url, Into: "docs_vec"})
				live++
			}
		}
		if live == 0 && changes >= rows/100 && s.status(table).Queued == 0 {
			break
		}
		if live == 0 {
			running[0] = begin(t, helper{URL: s.url, Into: "docs_vec"})
			continue
		}
		if victim := running[rng.IntN(len(running))]; !victim.over() && kills < 60 {
			kills++
			victim.kill()
		}
	}
	r, st, l := s.verify(table), s.status(table), p.Ledger()
	expect.Equal(t, "vectors", r.Vectors, one[int](s, "SELECT count(*) FROM docs_vec"))
	again, bound := l.Texts-l.Distinct, kills*inFlight*perAnswer
	t.Logf("kills %d, rows %d, changes %d, texts billed %d, different ones %d, again %d, bound %d; tokens billed %d, known %d (at least: %t)",
		kills, rows, changes, l.Texts, l.Distinct, again, bound, l.Tokens, st.Tokens, st.AtLeast)
	if kills < 10 || again > bound {
		t.Errorf("got %d texts that were paid for again after %d kills, want at most %d after at least 10", again, kills, bound)
	}
	expect.Equal(t, "costs after kills are a lower bound", st.AtLeast, true)
	if st.Tokens > l.Tokens {
		t.Errorf("got %d tokens, want at most the %d that were billed", st.Tokens, l.Tokens)
	}
}

// A text that ends every process that embeds it is found and left out; the others have vectors.
func TestKiller(t *testing.T) {
	s := newSite(t)
	s.docs("docs", 200)
	s.exec("UPDATE docs SET title = 'the killer' WHERE id = 77")
	e := static(t, local)
	table := s.init(spec("docs_vec"), e)
	deaths := 0
	for {
		h := begin(t, helper{URL: s.url, Into: "docs_vec", Killer: "the killer"})
		<-h.ended
		if h.ProcessState.Success() {
			break
		}
		if h.ProcessState.ExitCode() != 137 {
			t.Fatalf("a process failed: %s", &h.out)
		}
		if deaths++; deaths > 20 {
			t.Fatalf("%d processes died: %s", deaths, s.status(table))
		}
		s.exec("UPDATE docs_vec_queue SET due = now()") // as if the lease was over
	}
	r := s.verify(table)
	expect.Equal(t, "vectors and rejected", [2]int{r.Vectors, r.Rejected}, [2]int{199, 1})
	expect.Equal(t, "message", one[string](s, "SELECT pk || ' ' || kind || ' ' || code FROM docs_vec_errors"), "77 unknown error died")
	t.Logf("%d processes died: %s", deaths, fmt.Sprint(one[string](s, "SELECT message FROM docs_vec_errors")))
}
