package pgtable_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/jobs/pgtable"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/emulator"
)

const local = "static:base?dimensions=64"

func spec(into string) pgtable.Spec {
	return pgtable.Spec{Table: "docs", Text: titleAndBody, Into: into, Reference: local}
}

// change changes a random row of docs in one of the ways that an application does.
func (s *site) change(ctx context.Context, rng *rand.Rand, n, most int) error {
	id := rng.IntN(most) + 1
	for _, c := range []struct {
		sql  string
		args []any
	}{
		{"UPDATE docs SET title = $2 WHERE id = $1", []any{id, fmt.Sprintf("changed %d", n)}},
		{"DELETE FROM docs WHERE id = $1", []any{id}},
		{"INSERT INTO docs (id, title, body) VALUES ($1, $2, 'new') ON CONFLICT (id) DO UPDATE SET title = excluded.title", []any{most + n, fmt.Sprintf("inserted %d", n)}},
		{"UPDATE docs SET id = $2 WHERE id = $1", []any{id, 10*most + n}}, // a row under another key
		{"UPDATE docs SET body = NULL WHERE id = $1", []any{id}},
	}[n%5 : n%5+1] {
		if _, err := s.pool.Exec(ctx, c.sql, c.args...); err != nil {
			return err
		}
	}
	return nil
}

// Four processes' work keeps up with an application that changes, deletes and inserts rows.
func TestKeepsUp(t *testing.T) {
	s := newSite(t)
	const rows = 20_000
	s.docs("docs", rows)
	e := static(t, local)
	table := s.init(spec("docs_vec"), e)
	again := s.init(spec("docs_vec"), e)
	expect.Equal(t, "the same call finds the table", again.Reference(), table.Reference())
	var workers sync.WaitGroup
	for range 4 {
		pool := s.connect(s.url)
		workers.Go(func() {
			table, err := pgtable.Open(t.Context(), pool, "docs_vec")
			if err == nil {
				err = table.Work(t.Context(), e, options())
			}
			if err != nil {
				t.Errorf("got the error %v, want none", err)
			}
		})
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range rows / 100 {
		expect.NoError(t, s.change(t.Context(), rng, n, rows))
	}
	workers.Wait()
	s.work(table, e) // what changed after the last of them had ended
	r, st := s.verify(table), s.status(table)
	t.Logf("%s%s", st, r)
	expect.Equal(t, "rows with a vector or without a text", r.Vectors+r.Blank, one[int](s, "SELECT count(*) FROM docs"))
	expect.Equal(t, "vectors", r.Vectors, one[int](s, "SELECT count(*) FROM docs_vec"))
	expect.Equal(t, "state", st.State, "current")
	if r.Blank == 0 || st.Removed == 0 {
		t.Errorf("got %d rows without a text and %d vectors removed, want some", r.Blank, st.Removed)
	}
	id, title := one[int64](s, "SELECT max(id) FROM docs"), ""
	expect.NoError(t, s.pool.QueryRow(t.Context(), "SELECT "+titleAndBody+" FROM docs WHERE id = $1", id).Scan(&title))
	want, err := embedding.Documents(t.Context(), e, []string{title})
	expect.NoError(t, err)
	got := one[[]float32](s, "SELECT embedding::real[] FROM docs_vec WHERE pk = $1", id)
	if cos := embedding.Cosine(got, want[0]); cos < 0.9999 {
		t.Errorf("got the cosine %v of a row's vector with that of its text, want 1", cos)
	}
}

// Only a change of the text is noted, and a text whose vector is there costs nothing.
func TestOnlyChangedTexts(t *testing.T) {
	s := newSite(t)
	s.docs("docs", 300)
	p := newProvider(t, emulator.Options{})
	e := priced(p.open(t))
	table := s.init(spec("docs_vec"), e)
	s.work(table, e)
	expect.Equal(t, "texts billed", p.Ledger().Texts, 300)
	s.exec("UPDATE docs SET seen = seen + 1")
	s.exec("UPDATE docs SET title = title")
	expect.Equal(t, "rows noted after changes of other columns", s.status(table).Queued, 0)
	s.exec("UPDATE docs SET title = title || '!' WHERE id <= 10")
	s.exec("UPDATE docs SET title = rtrim(title, '!') WHERE id <= 10")
	expect.Equal(t, "rows noted", s.status(table).Queued, 10)
	s.work(table, e)
	expect.Equal(t, "texts billed after a change and back", p.Ledger().Texts, 300)
	n, err := table.Retry(t.Context(), true)
	expect.NoError(t, err)
	expect.Equal(t, "failed rows", n, 0)
	s.work(table, e)
	st := s.status(table)
	expect.Equal(t, "texts billed after a walk through the whole table", p.Ledger().Texts, 300)
	expect.Equal(t, "vectors that were there already", st.Current, 310)
	expect.Equal(t, "tokens", st.Tokens, p.Ledger().Tokens)
	expect.Equal(t, "currency", st.Currency, "USD")
	s.exec("DELETE FROM docs_vec WHERE pk = 7; UPDATE docs_vec SET text_hash = '' WHERE pk = 8; ALTER TABLE docs DISABLE TRIGGER USER;" +
		"DELETE FROM docs WHERE id = 9; ALTER TABLE docs ENABLE TRIGGER USER")
	r, err := table.Verify(t.Context())
	expect.NoError(t, err)
	expect.Equal(t, "missing, stale, extra", [3]int{r.Missing, r.Stale, r.Extra}, [3]int{1, 1, 1})
	expect.Equal(t, "problems", len(r.Problems), 3)
	_, err = table.Retry(t.Context(), true)
	expect.NoError(t, err)
	s.work(table, e)
	s.verify(table)
}

// priced is e with a price, which an emulator's models lack.
func priced(e embedding.Embedder) embedding.Embedder {
	m := e.Model()
	m.Price = embedding.Price{PerMillion: 1, Currency: "USD"}
	return embedding.Wrap(e, m, e.Embed)
}

// gate is an Embedder that waits in the middle of a request.
func gate(e embedding.Embedder, reached chan<- struct{}, open <-chan struct{}) embedding.Embedder {
	var once sync.Once
	return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		once.Do(func() {
			close(reached)
			<-open
		})
		return e.Embed(ctx, req)
	})
}

// whileInFlight calls f while the texts of all rows are at the provider.
func (s *site) whileInFlight(table *pgtable.Table, e embedding.Embedder, f func()) {
	s.Helper()
	reached, open := make(chan struct{}), make(chan struct{})
	o := options()
	o.Parallel = 1
	ended := make(chan error, 1)
	go func() { ended <- table.Work(s.Context(), gate(e, reached, open), o) }()
	<-reached
	f()
	close(open)
	expect.NoError(s, <-ended)
}

// A text that changes while it is at the provider gets the vector of the later text. The control
// has triggers that do not take the row away from the worker: the vector is of the older text.
func TestChangedInFlight(t *testing.T) {
	s := newSite(t)
	s.docs("docs", 20)
	e := static(t, local)
	table := s.init(spec("docs_vec"), e)
	s.whileInFlight(table, e, func() {
		s.exec("UPDATE docs SET title = 'later' WHERE id = 3")
		s.exec("DELETE FROM docs WHERE id = 4")
		s.exec("UPDATE docs SET id = 400 WHERE id = 5")
	})
	expect.Equal(t, "vectors", s.verify(table).Vectors, 19)

	control := s.init(spec("control"), e)
	body := one[string](s, "SELECT pg_get_functiondef('control_note'::regproc)")
	s.exec(strings.ReplaceAll(body, "owner = NULL, due = now(), ", ""))
	s.whileInFlight(control, e, func() { s.exec("UPDATE docs SET title = 'later still' WHERE id = 6") })
	r, err := control.Verify(t.Context())
	expect.NoError(t, err)
	if r.Stale != 1 {
		t.Errorf("got %swithout the loss of the row, want one vector of an older text", r)
	}
}

// A transaction that has changed a row and is still open, or that is rolled back, delays the result
// of that row alone.
func TestOpenTransactions(t *testing.T) {
	s := newSite(t)
	s.docs("docs", 20)
	p := newProvider(t, emulator.Options{})
	e := p.open(t)
	table := s.init(spec("docs_vec"), e)
	for _, c := range []struct {
		end   string
		texts int
	}{{"ROLLBACK", 20}, {"COMMIT", 21}} {
		p.Reset()
		s.exec("UPDATE docs SET body = body || '.'")
		s.whileInFlight(table, e, func() {
			conn, err := s.pool.Acquire(t.Context())
			expect.NoError(t, err)
			_, err = conn.Exec(t.Context(), "BEGIN; UPDATE docs SET title = 'x "+c.end+"' WHERE id = 3")
			expect.NoError(t, err)
			time.AfterFunc(300*time.Millisecond, func() { // after the block would be stored
				if _, err := conn.Exec(context.Background(), c.end); err != nil {
					t.Errorf("%s: got the error %v, want none", c.end, err)
				}
				conn.Release()
			})
		})
		s.verify(table)
		expect.Equal(t, "texts billed with "+c.end, p.Ledger().Texts, c.texts)
	}
}

// Transactions of the application that change many rows, in any order, never fail because of the
// workers and the walk through the table.
func TestApplicationNeverFails(t *testing.T) {
	s := newSite(t)
	const rows = 2000
	s.docs("docs", rows)
	e := static(t, local)
	table := s.init(spec("docs_vec"), e)
	ctx, cancel := context.WithCancel(t.Context())
	var workers, writers sync.WaitGroup
	for range 3 {
		pool := s.connect(s.url)
		workers.Go(func() {
			table, err := pgtable.Open(t.Context(), pool, "docs_vec")
			if err == nil {
				o := options()
				o.Follow = true
				err = table.Work(ctx, e, o)
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got the error %v, want that of the context", err)
			}
		})
	}
	for w := range 4 {
		writers.Go(func() {
			rng := rand.New(rand.NewPCG(5, uint64(w)))
			for n := range 60 {
				err := pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) error {
					if _, err := tx.Exec(t.Context(), "SET LOCAL statement_timeout = '10s'"); err != nil {
						return err
					}
					for range 5 { // of the rows that are this writer's, in any order
						if _, err := tx.Exec(t.Context(), "UPDATE docs SET title = $1 WHERE id % 4 = $2 AND id % 50 = $3", fmt.Sprint(w, n), w, rng.IntN(50)); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Errorf("a transaction of the application failed: %v", err)
				}
			}
		})
	}
	for range 20 {
		_, err := table.Retry(t.Context(), true)
		expect.NoError(t, err)
		time.Sleep(20 * time.Millisecond) // only so that the walks begin at different times
	}
	writers.Wait()
	cancel()
	workers.Wait()
	s.work(table, e)
	expect.Equal(t, "vectors", s.verify(table).Vectors, rows)
}

// What one row meets goes to the table of errors, without the text; the others are embedded.
func TestPoison(t *testing.T) {
	s := newSite(t)
	p := newProvider(t, emulator.Options{})
	e := p.open(t)
	s.docs("docs", 120)
	s.exec("UPDATE docs SET title = repeat('poison ', 9000) WHERE id = 17") // too long
	s.exec("UPDATE docs SET title = 'poison-500' WHERE id = 61")
	s.exec("UPDATE docs SET title = '  ', body = NULL WHERE id = 5")
	s.exec("UPDATE docs SET title = '  ', body = E' \\t ' WHERE id = 6")
	expect.NoError(t, p.SetFaults(emulator.Fault{Name: "answer", Match: "poison-500", Status: 500}))
	table := s.init(spec("docs_vec"), e)
	o := options()
	o.Follow = true
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- table.Work(ctx, e, o) }()
	deadline := time.Now().Add(time.Minute)
	for n := 1; s.status(table).Rejected < 2 || s.status(table).Queued > 0; n++ {
		// A failure is a row's own only while others pass.
		s.exec("UPDATE docs SET body = $1 WHERE id = 100", fmt.Sprint("other ", n))
		if time.Sleep(20 * time.Millisecond); time.Now().After(deadline) {
			t.Fatalf("got %s, want two rejected", s.status(table))
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v, want that of the context", err)
	}
	r := s.verify(table)
	expect.Equal(t, "vectors, rejected, blank", [3]int{r.Vectors, r.Rejected, r.Blank}, [3]int{116, 2, 2})
	for _, id := range []int{17, 61} { // Batch has found out which text of a request is to blame
		var got, message string
		expect.NoError(t, s.pool.QueryRow(t.Context(), "SELECT kind, message FROM docs_vec_errors WHERE pk = $1", id).Scan(&got, &message))
		expect.Equal(t, "kind", got, "text rejected")
		if strings.Contains(message, "poison") {
			t.Errorf("got the message %q, want none with the text", message)
		}
	}
	expect.NoError(t, p.SetFaults())
	n, err := table.Retry(t.Context(), false)
	expect.NoError(t, err)
	expect.Equal(t, "rows to try again", n, 2)
	s.exec("UPDATE docs SET title = 'fine' WHERE id = 17")
	s.work(table, e)
	expect.Equal(t, "vectors", s.verify(table).Vectors, 118)
}

// A row whose values the text expression does not take is rejected, and the row's values are in no
// message.
func TestTextThatFails(t *testing.T) {
	s := newSite(t)
	s.docs("docs", 30)
	e := static(t, local)
	sp := spec("docs_vec")
	sp.Text = "'number ' || (title::int + 1)"
	s.exec("UPDATE docs SET title = id")
	s.exec("UPDATE docs SET title = 'secret-value' WHERE id = 9")
	table := s.init(sp, e)
	s.exec("UPDATE docs SET title = 'secret-word' WHERE id = 10") // the application may write what it likes
	s.exec("UPDATE docs SET title = 7 WHERE id = 11")
	s.work(table, e)
	r, err := table.Verify(t.Context())
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "22P02") {
		t.Errorf("got %v and the error %v, want one with the SQLSTATE and without the value", r, err)
	}
	expect.Equal(t, "vectors", one[int](s, "SELECT count(*) FROM docs_vec"), 28)
	expect.Equal(t, "code and message", one[string](s, "SELECT min(code || ' ' || (message LIKE '%secret%')) FROM docs_vec_errors"), "22P02 false")
}

// Refused keys, used up money and a changed table pause the work for all processes, with the
// reason.
func TestPauses(t *testing.T) {
	s := newSite(t)
	p := newProvider(t, emulator.Options{})
	e := priced(p.open(t))
	s.docs("docs", 200)
	table := s.init(spec("docs_vec"), e)

	t.Setenv("OPENAI_API_KEY", "sk-wrong")
	wrong := p.open(t)
	why := paused(t, table.Work(t.Context(), wrong, options()))
	expect.Equal(t, "kind", why.Kind, "auth")
	if strings.Contains(why.Reason, "sk-wrong") {
		t.Errorf("got the reason %q, want none with the key", why.Reason)
	}
	asked := p.Ledger().Requests
	if asked > 2*inFlight {
		t.Errorf("got %d requests with a bad key, want a few", asked)
	}
	expect.Equal(t, "kind for another process", paused(t, table.Work(t.Context(), e, options())).Kind, "auth")
	expect.Equal(t, "requests while it is paused", p.Ledger().Requests, asked)
	st := s.status(table)
	expect.Equal(t, "state", st.State, "paused")
	if !strings.Contains(st.String(), "paused (auth): ") {
		t.Errorf("got %q, want the pause in it", st)
	}
	s.resume(table)

	purse, err := middleware.NewBudget(2e-3, "USD")
	expect.NoError(t, err)
	poor, err := purse.Wrap(e)
	expect.NoError(t, err)
	expect.Equal(t, "kind", paused(t, table.Work(t.Context(), poor, options())).Kind, "money")
	st = s.status(table)
	if st.Cost > 2e-3 || st.Embedded == 0 || st.Embedded == 200 {
		t.Errorf("got %d vectors for %v, want some for at most the budget", st.Embedded, st.Cost)
	}
	s.resume(table)

	expect.NoError(t, p.SetFaults(emulator.Fault{Name: "answer", Status: 503}))
	if err := table.Work(t.Context(), e, options()); !errors.Is(err, embedding.Unavailable) {
		t.Errorf("got the error %v of an outage, want that it is unavailable", err)
	}
	expect.NoError(t, p.SetFaults())
	expect.Equal(t, "an outage is nobody's own", one[int](s, "SELECT coalesce(max(attempt), 0) FROM docs_vec_queue"), 0)

	s.exec("ALTER TABLE docs DROP COLUMN title")
	s.exec("UPDATE docs SET body = body || '.' WHERE id = 1") // the application goes on
	why = paused(t, table.Work(t.Context(), e, options()))
	expect.Equal(t, "kind", why.Kind, "text")
	if !strings.Contains(why.Reason, "title") || !strings.Contains(why.Reason, "no longer fits") {
		t.Errorf("got the reason %q, want the column", why.Reason)
	}
	s.exec("ALTER TABLE docs ADD COLUMN title text DEFAULT 'again'")
	s.resume(table)
	s.work(table, e)
	s.exec("UPDATE docs SET title = id")
	expect.NoError(t, table.Pause(t.Context(), "asked", "with a NUL \x00"))
	expect.Equal(t, "kind", paused(t, table.Work(t.Context(), e, options())).Kind, "asked")
	expect.Equal(t, "rows noted while it is paused", s.status(table).Queued, 200)
	s.resume(table)
	s.work(table, e)
	s.verify(table)
}

func (s *site) resume(table *pgtable.Table) {
	s.Helper()
	was, err := table.Resume(s.Context())
	expect.NoError(s, err)
	expect.Equal(s, "it was paused", was, true)
}

// A pause reaches those who work, and what is in flight then is stored.
func TestPauseWhileWorking(t *testing.T) {
	s := newSite(t)
	s.docs("docs", 20)
	e := static(t, local)
	table := s.init(spec("docs_vec"), e)
	reached, open := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	o := options()
	o.Follow = true
	go func() { ended <- table.Work(t.Context(), gate(e, reached, open), o) }()
	<-reached
	expect.NoError(t, table.Pause(t.Context(), "asked", "lunch"))
	close(open)
	expect.Equal(t, "reason", paused(t, <-ended).Reason, "lunch")
	expect.Equal(t, "vectors", one[int](s, "SELECT count(*) FROM docs_vec"), 20)
	_, err := table.Resume(t.Context())
	expect.NoError(t, err)
	other := static(t, "static:base?dimensions=128")
	expect.Says(t, "another Space", table.Work(t.Context(), other, o), "@128", "@64")
}

// A table that is emptied loses its vectors, and what is written to it afterwards has some.
func TestTruncate(t *testing.T) {
	s := newSite(t)
	s.docs("docs", 25_000)
	e := static(t, local)
	table := s.init(spec("docs_vec"), e)
	s.work(table, e)
	s.exec("TRUNCATE docs")
	s.exec("INSERT INTO docs (id, title, body) VALUES (7, 'one', 'row'), (-7, 'a key', 'before the others')")
	if st := s.status(table); st.State == "current" {
		t.Errorf("got %s, want that vectors are left", st)
	}
	s.work(table, e)
	expect.Equal(t, "vectors", s.verify(table).Vectors, 2)
	expect.Equal(t, "rows of the table of vectors", one[int](s, "SELECT count(*) FROM docs_vec"), 2)
}

// Two sets of vectors of one table are both up to date, and one is dropped without the other.
func TestTwoModels(t *testing.T) {
	s := newSite(t)
	s.docs("docs", 500)
	e, next := static(t, local), static(t, "static:base?dimensions=128")
	table := s.init(spec("docs_vec"), e)
	s.work(table, e)
	s.exec("CREATE SCHEMA other")
	second := s.init(spec("other.docs_vec2"), next)
	s.exec("UPDATE docs SET title = 'new' WHERE id = 1")
	s.exec("DELETE FROM docs WHERE id = 2")
	s.exec("INSERT INTO docs VALUES (1000, 'a', 'b')")
	s.work(table, e)
	s.work(second, next)
	expect.Equal(t, "vectors of both", [2]int{s.verify(table).Vectors, s.verify(second).Vectors}, [2]int{500, 500})
	expect.Equal(t, "dimensions", one[int](s, "SELECT max(vector_dims(embedding)) FROM other.docs_vec2"), 128)
	expect.NoError(t, table.Drop(t.Context(), false))
	s.exec("UPDATE docs SET title = 'newer' WHERE id = 1")
	s.work(second, next)
	s.verify(second)
	expect.NoError(t, second.Drop(t.Context(), true))
	s.exec("UPDATE docs SET title = 'newest' WHERE id = 1")
	expect.Equal(t, "what is left", one[string](s, `SELECT string_agg(relname, ' ') FROM pg_class WHERE relname LIKE 'docs\_vec%' AND relkind = 'r'`), "docs_vec2")
	expect.Equal(t, "functions left", one[int](s, `SELECT count(*) FROM pg_proc WHERE proname LIKE 'docs\_vec%'`), 0)
	s.exec("DROP TABLE docs")
}

// A pooler that hands a connection on after each transaction has no place for prepared statements.
func TestWithoutPreparedStatements(t *testing.T) {
	s := newSite(t)
	s.docs("docs", 100)
	s.pool = s.connect(s.url + "&default_query_exec_mode=exec")
	e := static(t, local)
	table := s.init(spec("docs_vec"), e)
	s.exec("UPDATE docs SET title = NULL WHERE id = 1")
	s.work(table, e)
	expect.Equal(t, "vectors", s.verify(table).Vectors, 99)
	if st := s.status(table); st.Embedded != 99 || st.Removed == 0 {
		t.Errorf("got %s, want 99 vectors and a row without one", st)
	}
	expect.NoError(t, table.Pause(t.Context(), "asked", "why"))
	s.resume(table)
	expect.NoError(t, table.Drop(t.Context(), false))
}

// A server that is killed and comes back is waited for.
func TestServerIsKilled(t *testing.T) {
	server := servers.Postgres(t)
	s := &site{T: t, url: server.URL}
	s.pool = s.connect(s.url)
	s.docs("docs", 500)
	e := static(t, local)
	table := s.init(spec("docs_vec"), e)
	s.whileInFlight(table, e, func() {
		server.Kill(t)
		server.Start(t)
	})
	s.verify(table)
}

// A process that is frozen for longer than its lease stores nothing that others have taken over.
func TestFrozen(t *testing.T) {
	s := newSite(t)
	p := newProvider(t, emulator.Options{Settings: emulator.Settings{Latency: 100 * time.Millisecond}})
	s.docs("docs", 1000)
	sp := spec("docs_vec")
	sp.Reference = p.reference
	table := s.init(sp, p.open(t))
	h := begin(t, helper{URL: s.url, Into: "docs_vec"})
	const rounds = 5
	for n := range rounds { // at any point, such as in the middle of a transaction
		for before := s.status(table).Embedded; s.status(table).Embedded <= before && !h.over(); {
			time.Sleep(time.Millisecond)
		}
		_ = h.Process.Signal(syscall.SIGSTOP) // it may have ended
		s.exec("SET statement_timeout = '10s'; UPDATE docs SET title = $$changed " + strconv.Itoa(n) + "$$ WHERE id % 10 = 0; RESET statement_timeout")
		_ = h.Process.Signal(syscall.SIGCONT)
	}
	_ = h.Process.Signal(syscall.SIGSTOP)
	s.work(table, p.open(t))
	s.exec("UPDATE docs SET title = 'changed again' WHERE id % 20 = 0")
	_ = h.Process.Signal(syscall.SIGCONT)
	<-h.ended
	if !h.ProcessState.Success() {
		t.Errorf("the frozen process failed: %s", &h.out)
	}
	expect.Equal(t, "vectors", s.verify(table).Vectors, 1000)
	l := p.Ledger()
	changed := rounds*100 + 50
	if over := l.Texts - 1000 - changed; over > (rounds+1)*inFlight*perAnswer {
		t.Errorf("got %d texts billed beyond the changes, want at most what was in flight", over)
	}
	t.Logf("texts billed %d for 1,000 rows and %d changes", l.Texts, changed)
}
