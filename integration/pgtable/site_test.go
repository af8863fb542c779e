package pgtable_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/jobs/pgtable"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai/openaitest"
)

// asWorker is the variable that makes the test binary work on a table. It holds a helper as JSON.
const asWorker = "VECSPACE_TEST_AS_WORKER"

func TestMain(m *testing.M) {
	if said := os.Getenv(asWorker); said != "" {
		var h helper
		err := json.Unmarshal([]byte(said), &h)
		if err == nil {
			err = h.work()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "worker:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// What one process may have under way when it is killed.
const (
	inFlight  = 4  // requests
	perAnswer = 50 // texts of a request
)

// leaseOfTests is short, so that a killed process is given up soon.
const leaseOfTests = 2 * time.Second

// helper is a process that works on a table.
type helper struct {
	URL, Into string
	Killer    string // a text that ends the process, as one that takes all its memory
}

func (h helper) work() error {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, h.URL)
	if err != nil {
		return err
	}
	defer pool.Close()
	table, err := pgtable.Open(ctx, pool, h.Into)
	if err != nil {
		return err
	}
	e, err := providers.Open(table.Reference())
	if err != nil {
		return err
	}
	if h.Killer != "" {
		inner := e
		e = embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			for _, text := range req.Texts {
				if strings.Contains(text, h.Killer) {
					os.Exit(137)
				}
			}
			return inner.Embed(ctx, req)
		})
	}
	return table.Work(ctx, e, options())
}

func options() pgtable.WorkOptions {
	return pgtable.WorkOptions{
		Parallel: inFlight, Lease: leaseOfTests, Wait: 50 * time.Millisecond,
		Stack: middleware.StandardOptions{
			Batch: middleware.BatchOptions{Limits: embedding.Limits{Texts: perAnswer}},
			Retry: middleware.RetryOptions{Pause: 10 * time.Millisecond, MaxPause: 50 * time.Millisecond, Budget: 200 * time.Millisecond},
		},
	}
}

// process is a helper under way.
type process struct {
	*exec.Cmd
	out   bytes.Buffer
	ended chan struct{}
}

func begin(t *testing.T, h helper) *process {
	t.Helper()
	exe, err := os.Executable()
	expect.NoError(t, err)
	said, err := json.Marshal(h)
	expect.NoError(t, err)
	p := &process{Cmd: exec.Command(exe), ended: make(chan struct{})}
	p.Env = append(os.Environ(), asWorker+"="+string(said))
	p.Stdout, p.Stderr = &p.out, &p.out
	expect.NoError(t, p.Start())
	go func() {
		_ = p.Wait() // the state says it
		close(p.ended)
	}()
	t.Cleanup(p.kill)
	return p
}

func (p *process) kill() {
	_ = p.Process.Kill() // it may have ended
	<-p.ended
}

func (p *process) over() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// site is a database.
type site struct {
	*testing.T
	url  string
	pool *pgxpool.Pool
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{T: t, url: servers.Postgres(t).URL}
	s.pool = s.connect(s.url)
	return s
}

func (s *site) connect(url string) *pgxpool.Pool {
	s.Helper()
	pool, err := pgxpool.New(context.Background(), url)
	expect.NoError(s, err)
	s.Cleanup(pool.Close)
	return pool
}

// in is the site of a subtest.
func (s *site) in(t *testing.T) *site { return &site{t, s.url, s.pool} }

func (s *site) exec(sql string, args ...any) {
	s.Helper()
	if _, err := s.pool.Exec(s.Context(), sql, args...); err != nil {
		s.Fatalf("%s: %v", sql, err)
	}
}

// one returns the value of a query.
func one[V any](s *site, sql string, args ...any) (v V) {
	s.Helper()
	if err := s.pool.QueryRow(s.Context(), sql, args...).Scan(&v); err != nil {
		s.Fatalf("%s: %v", sql, err)
	}
	return v
}

// docs creates a table of so many rows.
func (s *site) docs(table string, rows int) {
	s.Helper()
	s.exec(fmt.Sprintf("CREATE TABLE %s (id bigint PRIMARY KEY, title text, body text, seen int DEFAULT 0)", table))
	s.exec(fmt.Sprintf("INSERT INTO %s SELECT n, 'record ' || n, 'the body of record ' || n FROM generate_series(1, $1::int) n", table), rows)
}

const titleAndBody = "title || ' ' || body"

func static(t *testing.T, ref string) embedding.Embedder {
	t.Helper()
	e, err := providers.Open(ref)
	expect.NoError(t, err)
	return e
}

func (s *site) init(spec pgtable.Spec, e embedding.Embedder) *pgtable.Table {
	s.Helper()
	table, err := pgtable.Init(s.Context(), s.pool, spec, e)
	if err != nil {
		s.Fatalf("init of %+v: %v", spec, err)
	}
	return table
}

// refused returns the words of the error of an init.
func (s *site) refused(spec pgtable.Spec, e embedding.Embedder, words ...string) {
	s.Helper()
	_, err := pgtable.Init(s.Context(), s.pool, spec, e)
	if err == nil {
		s.Errorf("%+v: got no error, want one that says %q", spec, words)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			s.Errorf("%+v: got the error %v, want that it says %q", spec, err, w)
		}
	}
}

func (s *site) work(table *pgtable.Table, e embedding.Embedder) {
	s.Helper()
	expect.NoError(s, table.Work(s.Context(), e, options()))
}

// verify checks that every vector is of its row's text, and returns what was found.
func (s *site) verify(table *pgtable.Table) pgtable.Report {
	s.Helper()
	r, err := table.Verify(s.Context())
	expect.NoError(s, err)
	if !r.OK() {
		s.Errorf("got %s, want that nothing is wrong or left", r)
	}
	return r
}

func (s *site) status(table *pgtable.Table) pgtable.Status {
	s.Helper()
	st, err := table.Status(s.Context())
	expect.NoError(s, err)
	return st
}

// provider is an emulator of OpenAI with a ledger.
type provider struct {
	*emulator.Server
	reference string
}

func newProvider(t *testing.T, o emulator.Options) *provider {
	t.Helper()
	t.Setenv("OPENAI_API_KEY", emulator.DefaultKey)
	server, err := openaitest.New(o)
	expect.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	expect.NoError(t, err)
	web := &http.Server{Handler: server, ReadHeaderTimeout: time.Minute}
	go func() { _ = web.Serve(l) }()
	t.Cleanup(func() { _ = web.Close() })
	return &provider{server, fmt.Sprintf("openai:text-embedding-3-small?dimensions=64&base_url=http://%s/v1&key_env=OPENAI_API_KEY", l.Addr())}
}

func (p *provider) open(t *testing.T) embedding.Embedder { return static(t, p.reference) }

// paused returns the pause of an error.
func paused(t *testing.T, err error) pgtable.Pause {
	t.Helper()
	p, ok := errors.AsType[*pgtable.Paused](err)
	if !ok {
		t.Fatalf("got the error %v, want a pause", err)
	}
	return p.Pause
}
