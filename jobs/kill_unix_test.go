//go:build unix

package jobs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/race"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai/openaitest"
)

// asWorker is the variable that makes the test binary work on a job. It holds a helper as JSON.
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

// shortLease is of runs with frozen processes, so that these are given up soon. Others have the
// usual one, by which a slow machine is not taken for a frozen process.
const shortLease = 2 * time.Second

// helper is a process that works on a job.
type helper struct {
	Dir, Reference string
	Lease          time.Duration
	Break          string // what it does wrong on purpose: tier, claims, early or killer
	Batches        int    // texts of a batch; 0: no batches
}

func (h helper) work() error {
	e, err := providers.Open(h.Reference)
	if err != nil {
		return err
	}
	j, err := Open(h.Dir)
	if err != nil {
		return err
	}
	var q Queue
	if q, err = NewLocal(h.Dir, LocalOptions{Lease: h.Lease, Done: j.Done}); err != nil {
		return err
	}
	switch h.Break {
	case "tier": // as if answers cost nothing
		m := e.Model()
		m.Price, m.Endpoint = embedding.Price{}, ""
		e = embedding.Wrap(e, m, e.Embed)
	case "claims":
		q = &greedy{done: j.Done}
	case "early":
		q = hasty{q}
	case "killer":
		inner := e
		e = embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			if slices.Contains(req.Texts, killer) {
				os.Exit(7)
			}
			return inner.Embed(ctx, req)
		})
	}
	o := WorkOptions{Queue: q, Check: -1, Stack: middleware.StandardOptions{
		Batch: middleware.BatchOptions{Limits: embedding.Limits{Texts: perAnswer}},
		Limit: middleware.LimitOptions{InFlight: inFlight},
	}}
	if h.Batches > 0 {
		api, err := providers.OpenBatches(h.Reference)
		if err != nil {
			return err
		}
		o.Batches, o.Poll = narrow{api, h.Batches, 1e6}, 100*time.Millisecond
	}
	return errors.Join(j.Work(context.Background(), e, o), q.Close())
}

const killer = "the record 137 of this file"

// greedy is a Queue without claims: each process does every shard that is not done.
type greedy struct {
	done func(int) bool
	mu   sync.Mutex
	left []int
}

func (g *greedy) Put(_ context.Context, shards iter.Seq[int]) error {
	for s := range shards {
		g.left = append(g.left, s)
	}
	return nil
}

func (g *greedy) Claim(context.Context) (Lease, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.left) > 0 {
		s := g.left[0]
		g.left = g.left[1:]
		if !g.done(s) {
			return granted(s), nil
		}
	}
	return nil, ErrEmpty
}

func (g *greedy) Close() error { return nil }

// granted is a Lease that nothing backs.
type granted int

func (g granted) Shard() int                  { return int(g) }
func (granted) Attempt() int                  { return 1 }
func (granted) Lost() <-chan struct{}         { return nil }
func (granted) Done(context.Context) error    { return nil }
func (granted) Release(context.Context) error { return nil }

// hasty is a Queue that is told of the end of a shard before its beginning.
type hasty struct{ Queue }

func (h hasty) Claim(ctx context.Context) (Lease, error) {
	l, err := h.Queue.Claim(ctx)
	if err != nil {
		return nil, err
	}
	return granted(l.Shard()), l.Done(ctx)
}

// site is an emulator with a ledger, and the processes that work against it.
type site struct {
	t         *testing.T
	server    *emulator.Server
	reference string
	input     string
	texts     int
	shard     int // texts
}

func newSite(t *testing.T, texts int) *site {
	t.Helper()
	t.Setenv("OPENAI_API_KEY", emulator.DefaultKey)
	server, err := openaitest.New(emulator.Options{Settings: emulator.Settings{Latency: 30 * time.Millisecond, Jitter: 20 * time.Millisecond}})
	expect.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	expect.NoError(t, err)
	web := &http.Server{Handler: server, ReadHeaderTimeout: time.Minute}
	go func() { _ = web.Serve(l) }()
	t.Cleanup(func() { _ = web.Close() })
	var b strings.Builder
	for i := range texts {
		fmt.Fprintf(&b, "the record %d of this file\n", i)
	}
	return &site{t, server, fmt.Sprintf("openai:text-embedding-3-small?dimensions=64&base_url=http://%s/v1&key_env=OPENAI_API_KEY", l.Addr()),
		put(t, "texts.txt", b.String()), texts, min(1000, max(texts/40, 50))}
}

// plan starts a job.
func (s *site) plan(name string) (*Job, string) {
	s.t.Helper()
	e, err := providers.Open(s.reference)
	expect.NoError(s.t, err)
	dir := filepath.Join(s.t.TempDir(), name)
	return start(s.t, e, Options{Inputs: []string{s.input}, Out: dir, ShardTexts: s.shard}), dir
}

// process is a helper under way.
type process struct {
	*exec.Cmd
	out   bytes.Buffer
	ended chan struct{}
}

func (s *site) begin(h helper) *process {
	s.t.Helper()
	exe, err := os.Executable()
	expect.NoError(s.t, err)
	said, err := json.Marshal(h)
	expect.NoError(s.t, err)
	p := &process{Cmd: exec.Command(exe), ended: make(chan struct{})}
	p.Env = append(os.Environ(), asWorker+"="+string(said))
	p.Stdout, p.Stderr = &p.out, &p.out
	expect.NoError(s.t, p.Start())
	go func() {
		_ = p.Wait() // the state says it
		close(p.ended)
	}()
	s.t.Cleanup(p.kill)
	return p
}

func (p *process) kill() {
	_ = p.Process.Kill() // it may have ended
	<-p.ended
}

func (p *process) good() bool { return p.ProcessState.Success() }

// blows are what befalls the processes of a run.
type blows struct {
	every   time.Duration // between two kills, at random up to twice as long; 0: none
	freezes bool          // instead of a kill now and then
	forgets bool          // the folder of claims is removed now and then
	helper  helper
}

// result is how a run ended.
type result struct {
	Success
	Kills  int
	Ledger emulator.Ledger
	Bytes  string // SHA-256 of all results
}

// run does a job with four processes.
func (s *site) run(name string, b blows) result {
	s.t.Helper()
	s.server.Reset()
	j, dir := s.plan(name)
	b.helper.Dir, b.helper.Reference = dir, s.reference
	if b.freezes {
		b.helper.Lease = shortLease
	}
	kills := 0
	running := make([]*process, 4)
	for i := range running {
		running[i] = s.begin(b.helper)
	}
	for deadline, n := time.Now().Add(10*time.Minute), 0; ; n++ {
		if time.Now().After(deadline) {
			s.t.Fatalf("%s: the job does not end", name)
		}
		wait := 50 * time.Millisecond
		if b.every > 0 {
			wait = time.Duration(rand.Int64N(int64(2 * b.every)))
		}
		time.Sleep(wait)
		live := 0
		for i, p := range running {
			select {
			case <-p.ended:
				if !p.good() {
					if !b.forgets && kills == 0 {
						s.t.Fatalf("%s: a process failed: %s", name, &p.out)
					}
					running[i] = s.begin(b.helper)
					live++
				}
			default:
				live++
			}
		}
		if live == 0 {
			break
		}
		if b.every == 0 {
			continue
		}
		if b.forgets && n%20 == 10 {
			// Renamed, because the processes go on writing to it: a folder that fills cannot be removed.
			err := os.Rename(filepath.Join(dir, claimsName), filepath.Join(s.t.TempDir(), claimsName))
			if !errors.Is(err, fs.ErrNotExist) {
				expect.NoError(s.t, err)
			}
		}
		victim := running[rand.IntN(len(running))]
		select {
		case <-victim.ended:
			continue
		default:
		}
		kills++
		if b.freezes && n%20 == 5 {
			_ = victim.Process.Signal(syscall.SIGSTOP) // it may have ended
			time.AfterFunc(2*shortLease, func() { _ = victim.Process.Signal(syscall.SIGCONT) })
			continue
		}
		victim.kill()
		if n%15 == 7 { // the machine, so to speak
			for _, p := range running {
				p.kill()
			}
			kills += len(running) - 1
		}
	}
	r := result{Kills: kills, Ledger: s.server.Ledger(), Bytes: s.bytes(j)}
	v, err := j.Verify(s.t.Context())
	expect.NoError(s.t, err)
	if len(v.Problems) > 0 || v.Missing > 0 || v.Failed > 0 || v.Texts != s.texts || v.Vectors != s.texts {
		s.t.Errorf("%s: got %+v, want %d texts and a vector of each", name, v, s.texts)
	}
	expect.NoError(s.t, json.Unmarshal([]byte(content(s.t, filepath.Join(dir, successName))), &r.Success))
	l := r.Ledger
	s.t.Logf("%-22s kills %3d, texts %d, billed %d, more than once %d, lost in flight %d, delivered twice %d, bound %d; tokens billed %d, known %d (at least: %t)",
		name, kills, s.texts, l.Texts, r.again(), l.Lost, l.Repeated, r.bound(), l.Tokens, r.Tokens, r.AtLeast)
	return r
}

// bytes reads the results of a job and returns their SHA-256.
func (s *site) bytes(j *Job) string {
	s.t.Helper()
	h := sha256.New()
	for n := range j.Manifest.Plan.Shards {
		for _, name := range []string{npyName, idsName} {
			_, err := io.WriteString(h, content(s.t, filepath.Join(j.path(dataName), partFolder(n), name)))
			expect.NoError(s.t, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// again is how many texts were paid for again.
func (r result) again() int { return r.Ledger.Texts - r.Ledger.Distinct }

// bound is how many texts may have been paid for again.
func (r result) bound() int { return r.Kills * inFlight * perAnswer }

// textsOfKills returns the number of texts, which JOBS_TEXTS sets.
func textsOfKills() int {
	if n, err := strconv.Atoi(os.Getenv("JOBS_TEXTS")); err == nil {
		return n
	}
	if race.Enabled {
		return 1500
	}
	return 6000
}

// TestKills holds the promise of jobs: whatever is killed or frozen, each text is in the results
// once, the bytes are those of a quiet run, and no more is paid for again than was in flight.
func TestKills(t *testing.T) {
	s := newSite(t, textsOfKills())
	quiet := s.run("quiet", blows{})
	expect.Equal(t, "texts billed in a quiet run", quiet.Ledger.Texts, s.texts)
	expect.Equal(t, "tokens of a quiet run", quiet.Tokens, quiet.Ledger.Tokens)
	expect.Equal(t, "a quiet run may have been billed more", quiet.AtLeast, false)
	killed := s.run("killed", blows{every: 100 * time.Millisecond, freezes: true})
	if killed.Kills == 0 {
		t.Errorf("got %d kills, want some", killed.Kills)
	}
	expect.Equal(t, "bytes of the results after kills", killed.Bytes, quiet.Bytes)
	expect.Equal(t, "checksum of the results after kills", killed.Checksum, quiet.Checksum)
	if again := killed.again(); again > killed.bound() {
		t.Errorf("got %d texts that were paid for again after %d kills, want at most %d", again, killed.Kills, killed.bound())
	}
	if over := killed.Ledger.Tokens - killed.Tokens; over < 0 || over > killed.bound()*killed.Ledger.Tokens/killed.Ledger.Texts {
		t.Errorf("got %d tokens that the job does not know of, want at least 0 and at most those of %d texts", over, killed.bound())
	}
	if killed.Ledger.Tokens > killed.Tokens && !killed.AtLeast { // a kill between two shards costs nothing
		t.Errorf("got %d tokens as all that were billed, want \"at least\": there were %d", killed.Tokens, killed.Ledger.Tokens)
	}
}

// A provider that fails too makes no difference to results and costs: refusals and failures are not
// billed.
func TestKillsAndFaults(t *testing.T) {
	s := newSite(t, max(textsOfKills()/20, 1000))
	quiet := s.run("quiet", blows{})
	var faults []emulator.Fault
	for _, spec := range []string{"internal-error=p:0.03", "overloaded=p:0.03", "request-rate=p:0.03", "html-502=p:0.02", "empty-503=p:0.02", "slow=p:0.02,delay:300ms"} {
		var f emulator.Fault
		expect.NoError(t, f.UnmarshalText([]byte(spec)))
		faults = append(faults, f)
	}
	expect.NoError(t, s.server.SetFaults(faults...))
	killed := s.run("killed, with faults", blows{every: 200 * time.Millisecond})
	expect.Equal(t, "bytes of the results", killed.Bytes, quiet.Bytes)
	if again := killed.again(); again > killed.bound() {
		t.Errorf("got %d texts that were paid for again after %d kills, want at most %d", again, killed.Kills, killed.bound())
	}
	if len(killed.Ledger.Faults) == 0 {
		t.Error("no fault has struck, want some")
	}
}

// What the folder of claims held may be lost: results and their checksum stay what they are.
func TestLostClaims(t *testing.T) {
	s := newSite(t, max(textsOfKills()/10, 1000))
	quiet := s.run("quiet", blows{})
	lost := s.run("killed, claims lost", blows{every: 100 * time.Millisecond, freezes: true, forgets: true})
	expect.Equal(t, "bytes of the results", lost.Bytes, quiet.Bytes)
}

// TestKillsFindFaults shows that jobs which do it wrong do not pass TestKills: without a
// write-ahead tier a kill costs a shard, and without claims, or with claims that end before the
// work, texts are paid for again although nothing was killed.
func TestKillsFindFaults(t *testing.T) {
	if race.Enabled {
		t.Skip("the faults are of this test, and none is a race")
	}
	s := newSite(t, 3000)
	s.shard = s.texts
	for fault, most := range map[string]int{"": 2 * inFlight * perAnswer, "tier": s.texts} {
		_, dir := s.plan("shard")
		s.server.Reset()
		h := helper{Dir: dir, Reference: s.reference, Break: fault}
		first := s.begin(h)
		for s.server.Ledger().Texts < s.texts/2 {
			time.Sleep(time.Millisecond) // it only has to be somewhere in the middle
		}
		first.kill()
		second := s.begin(h)
		<-second.ended
		expect.Equal(t, "the second process is well", second.good(), true)
		var success Success
		expect.NoError(t, json.Unmarshal([]byte(content(t, filepath.Join(dir, successName))), &success))
		expect.Equal(t, "costs after a kill are a lower bound", success.AtLeast, true)
		again := s.server.Ledger().Texts - s.texts
		t.Logf("a kill in the middle of a shard of %d texts, fault %q: %d texts were paid for again", s.texts, fault, again)
		if again > most || fault != "" && again < s.texts/3 {
			t.Errorf("fault %q: got %d texts that were paid for again, want at most %d, and with a fault a third of the shard", fault, again, most)
		}
	}
	s.shard = 150
	for _, fault := range []string{"claims", "early"} {
		if r := s.run("control: "+fault, blows{helper: helper{Break: fault}}); r.again() == 0 {
			t.Errorf("%s: got no text that was paid for again, want some", fault)
		}
	}
}

// A text that ends each process which embeds it is found in a number of attempts that grows with
// the logarithm of the shard, and left out. The others are paid for once.
func TestKiller(t *testing.T) {
	s := newSite(t, 300)
	s.shard = 200
	j, dir := s.plan("killer")
	for attempts := 1; ; attempts++ {
		p := s.begin(helper{Dir: dir, Reference: s.reference, Break: "killer"})
		<-p.ended
		if p.good() {
			break
		}
		if attempts > 40 {
			t.Fatalf("got no end after %d attempts: %s", attempts, &p.out)
		}
	}
	v, err := j.Verify(t.Context())
	expect.NoError(t, err)
	expect.Equal(t, "verified", v, Verified{Parts: 2, Texts: 300, Vectors: 299, Rejected: 1})
	got := content(t, filepath.Join(dir, dataName, partFolder(0), rejectedName))
	if !strings.Contains(got, `"index":137,`) || !strings.Contains(got, errKiller.Error()) {
		t.Errorf("got %s, want record 137 and why it is left out", got)
	}
	expect.Equal(t, "texts billed that are not in the results", s.server.Ledger().Distinct, 299)
}

// TestBatchKills: whenever a process is killed, before a batch, while the vendor hears of it, while
// it is waited for or while its answers are read, no batch is begun twice, no text is paid for
// again, and the account is the vendor's to the token.
func TestBatchKills(t *testing.T) {
	s := newSite(t, textsOfKills()/2)
	quiet := s.run("quiet", blows{})
	expect.NoError(t, s.server.Configure(emulator.Settings{Latency: 5 * time.Millisecond, BatchTime: 300 * time.Millisecond}))
	killed := s.run("batches, killed", blows{every: 150 * time.Millisecond, helper: helper{Batches: 4 * s.shard}})
	expect.Equal(t, "bytes of the results", killed.Bytes, quiet.Bytes)
	expect.Equal(t, "texts that were paid for again", killed.again(), 0)
	expect.Equal(t, "tokens", killed.Tokens, killed.Ledger.Tokens)
	expect.Equal(t, "tokens of batches", killed.BatchTokens, killed.Tokens)
	marks := s.server.Batches()
	t.Logf("%d kills, %d batches of at most %d texts", killed.Kills, len(marks), 4*s.shard)
	if killed.Kills == 0 || len(marks) < s.texts/s.shard/4 {
		t.Errorf("got %d kills and %d batches, want some and one for each four shards", killed.Kills, len(marks))
	}
	slices.Sort(marks)
	expect.Equal(t, "batches with a mark of their own", len(slices.Compact(slices.Clone(marks))), len(marks))
}
