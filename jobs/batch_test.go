package jobs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/gemini"
	"github.com/vecspace/embedding/providers/gemini/geminitest"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/openai/openaitest"
	"github.com/vecspace/embedding/providers/openai/presettest"
	"github.com/vecspace/embedding/providers/voyage"
	"github.com/vecspace/embedding/providers/voyage/voyagetest"
)

// direct is a network without sockets, whose time may be virtual. A handler that ends the
// connection ends the answer where it is.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &kept{header: http.Header{}, status: 200}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	cut := func() (cut bool) {
		defer func() {
			why := recover()
			if cut = why != nil; cut && why != http.ErrAbortHandler {
				panic(why)
			}
		}()
		d.ServeHTTP(w, r)
		return false
	}()
	_ = r.Body.Close()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if cut && !w.begun {
		return nil, io.ErrUnexpectedEOF
	}
	body := io.Reader(&w.body)
	if cut {
		body = io.MultiReader(body, broken{})
	}
	return &http.Response{StatusCode: w.status, Header: w.header, Body: io.NopCloser(body), Request: r, ProtoMajor: 1, ProtoMinor: 1}, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type kept struct {
	header http.Header
	status int
	begun  bool
	body   bytes.Buffer
}

func (k *kept) Header() http.Header { return k.header }
func (k *kept) WriteHeader(s int)   { k.status, k.begun = s, true }
func (k *kept) Write(p []byte) (int, error) {
	k.begun = true
	return k.body.Write(p)
}

// bureau is a vendor with a batch API.
type bureau struct {
	t      *testing.T
	server *emulator.Server
	e      embedding.Embedder
	api    batchapi.API
}

// newBureau returns OpenAI.
func newBureau(t *testing.T, faults ...emulator.Fault) *bureau {
	t.Helper()
	b := &bureau{t: t}
	o := openai.Options{Preset: "openai", Model: "text-embedding-3-small", Dimensions: 16, BaseURL: "http://127.0.0.1/v1", Key: emulator.DefaultKey}
	o.HTTPClient = b.open(openaitest.New(b.made(faults)))
	var err error
	b.e, err = openai.New(o)
	expect.NoError(t, err)
	b.api, err = openai.NewBatches(o)
	expect.NoError(t, err)
	return b
}

func (b *bureau) made(faults []emulator.Fault) emulator.Options {
	return emulator.Options{Faults: faults, Embedder: paid(), Settings: emulator.Settings{BatchTime: 20 * time.Minute}}
}

// open returns the network of a vendor.
func (b *bureau) open(s *emulator.Server, err error) *http.Client {
	b.t.Helper()
	expect.NoError(b.t, err)
	b.server = s
	return &http.Client{Transport: direct{s}}
}

func (b *bureau) options() WorkOptions { return WorkOptions{Batches: b.api, Check: -1} }

// complete fails unless each text has a vector or a rejection, and the account is the vendor's.
// again are texts that were billed twice.
func (b *bureau) complete(j *Job, again int) Status {
	b.t.Helper()
	s, err := j.Status()
	expect.NoError(b.t, err)
	expect.Equal(b.t, "state", s.State, "complete")
	expect.Equal(b.t, "vectors and rejections", s.Vectors+s.Rejected, s.Texts)
	v, err := j.Verify(b.t.Context())
	expect.NoError(b.t, err)
	expect.Equal(b.t, "problems", v.Problems, nil)
	l := b.server.Ledger()
	expect.Equal(b.t, "tokens", s.Tokens, l.Usage().Tokens)
	expect.Equal(b.t, "texts billed", l.Texts, s.Vectors+again)
	expect.Equal(b.t, "texts billed once or more", l.Distinct, s.Vectors)
	expect.Equal(b.t, "batches under way", len(s.Batches), 0)
	return s
}

// Batches of a vendor answer all texts of a job at their part of the price, with one request each
// for what they leave over.
func TestBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t)
		j := job(t, b.e, 1000)
		begin := time.Now()
		expect.NoError(t, j.Work(t.Context(), b.e, b.options()))
		s := b.complete(j, 0)
		expect.Equal(t, "tokens of batches", s.BatchTokens, s.Tokens)
		expect.Equal(t, "cost", s.Cost, 0.02/1e6*float64(s.Tokens)/2)
		expect.Equal(t, "batches", len(b.server.Batches()), 1)
		expect.Equal(t, "the vendor is asked by batches only", b.server.Ledger().Requests < 30, true)
		if took := time.Since(begin); took > 30*time.Minute {
			t.Errorf("got the end after %v, want soon after the batch", took)
		}
		b.same(j, 0)
		b.same(j, 9)
	})
}

// same fails unless the first vector of a shard is what a request of its own gets.
func (b *bureau) same(j *Job, shard int) {
	b.t.Helper()
	vectors := content(b.t, filepath.Join(j.dir, dataName, partFolder(shard), npyName))
	res, err := b.e.Embed(b.t.Context(), embedding.Request{Texts: []string{texts(100 * shard)}})
	expect.NoError(b.t, err)
	want := string(bytesOf(res.Vectors[0]))
	expect.Equal(b.t, "the vector of a shard's first text", vectors[128:128+len(want)], want)
}

// Whatever goes wrong with batches, each text has its vector, and is billed again only if its first
// answer was of no use.
func TestBatchFaults(t *testing.T) {
	const all = 400
	for name, c := range map[string]struct {
		faults  []emulator.Fault
		again   int // texts billed twice
		batches int // that were begun
		sync    bool
	}{
		"half":                   {faults: []emulator.Fault{{Name: "batch-half", Next: 1}}, batches: 2},
		"half, always":           {faults: []emulator.Fault{{Name: "batch-half"}}, batches: 4, sync: true}, // 200, 100, 50, 25 are left
		"expired":                {faults: []emulator.Fault{{Name: "batch-expired", Next: 1}}, batches: 2},
		"errors of lines":        {faults: []emulator.Fault{{Name: "batch-errors", Next: 1}}, batches: 2},
		"dimensions":             {faults: []emulator.Fault{{Name: "batch-dimensions", Next: 1}}, batches: 2, again: all / 5},
		"answers twice":          {faults: []emulator.Fault{{Name: "batch-duplicates"}}, batches: 1},
		"strangers":              {faults: []emulator.Fault{{Name: "batch-strangers"}}, batches: 1},
		"a file that is cut":     {faults: []emulator.Fault{{Name: "batch-cut", Next: 1}}, batches: 1},
		"a file that stays cut":  {faults: []emulator.Fault{{Name: "batch-cut", Next: 3}}, batches: 2, again: -1},
		"a download that breaks": {faults: []emulator.Fault{{Name: "batch-drop", Next: 2}}, batches: 1},
		"no answer to an upload": {faults: []emulator.Fault{{Name: "batch-upload-lost", Next: 1}}, batches: 1},
		"no answer to a batch":   {faults: []emulator.Fault{{Name: "batch-submit-lost", Next: 1}}, batches: 1},
		"429 to a batch":         {faults: []emulator.Fault{{Name: "batch-submit-429", Next: 3}}, batches: 1},
		"too much is waiting":    {faults: []emulator.Fault{{Name: "batch-refused", Next: 5}}, batches: 6},
		"servers that are down":  {faults: []emulator.Fault{{Name: "empty-503", Next: 3}, {Name: "reset", Next: 2}, {Name: "html-502", Next: 1}}, batches: 1},
		"servers that hang":      {faults: []emulator.Fault{{Name: "hang", Next: 7}}, batches: 1},
		"some of each": {faults: []emulator.Fault{{Name: "batch-upload-lost", Next: 1}, {Name: "batch-submit-lost", Next: 1}, {Name: "batch-expired", Next: 1},
			{Name: "batch-duplicates"}, {Name: "batch-strangers"}, {Name: "batch-drop", Next: 1}, {Name: "batch-errors", Next: 1}}, batches: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBureau(t, c.faults...)
				j := job(t, b.e, all)
				expect.NoError(t, j.Work(t.Context(), b.e, b.options()))
				if c.again < 0 {
					c.again = b.server.Ledger().Texts - all
					if c.again < all/3 || c.again > all*2/3 {
						t.Errorf("got %d texts that were billed twice, want about half", c.again)
					}
					l := b.server.Ledger()
					s, err := j.Status()
					expect.NoError(t, err)
					expect.Equal(t, "vectors", s.Vectors, all)
					expect.Equal(t, "tokens that are not in the account are of the lines that were cut", l.Tokens-s.Tokens > 0, true)
					return
				}
				s := b.complete(j, c.again)
				expect.Equal(t, "batches", len(b.server.Batches()), c.batches)
				expect.Equal(t, "some texts were asked for one by one", s.BatchTokens < s.Tokens, c.sync)
				for _, f := range b.server.Faults() {
					if f.Injected == 0 {
						t.Errorf("the fault %v has not struck, want it to", f.Fault)
					}
				}
			})
		})
	}
}

// A text that the vendor refuses in a batch is rejected without another request, and a text that
// occurs twice in a shard is asked once.
func TestBatchRejects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, emulator.Fault{Name: "answer", Match: "secret", Status: 400,
			Body: `{"error":{"message":"This model's maximum context length is 8192 tokens, but your text {text} is longer","type":"invalid_request_error"}}`})
		in := put(t, "a.txt", lines(50)+"my secret text\n"+lines(50)+" \n")
		j := start(t, b.e, Options{Inputs: []string{in}, Out: filepath.Join(t.TempDir(), "out"), ShardTexts: 200})
		expect.NoError(t, j.Work(t.Context(), b.e, b.options()))
		s, err := j.Status()
		expect.NoError(t, err)
		expect.Equal(t, "vectors", s.Vectors, 100)
		expect.Equal(t, "rejected", s.Rejected, 2)
		expect.Equal(t, "texts billed", b.server.Ledger().Texts, 50)
		expect.Equal(t, "texts of batches", b.texts(j), []int{51})
		got := content(t, filepath.Join(j.dir, dataName, partFolder(0), rejectedName))
		if !strings.Contains(got, `"index":50,`) || !strings.Contains(got, `"kind":"text rejected"`) || strings.Contains(got, "secret") {
			t.Errorf("got %s, want record 50 without its text", got)
		}
	})
}

// texts returns the number of texts of each batch.
func (b *bureau) texts(j *Job) (n []int) {
	b.t.Helper()
	all, err := j.batches()
	expect.NoError(b.t, err)
	for _, of := range all {
		n = append(n, of.Texts)
	}
	return n
}

// A batch has no more lines and bytes than the vendor takes. What does not fit is asked by the
// next.
func TestBatchLimits(t *testing.T) {
	for name, c := range map[string]struct {
		lines, bytes int
		own          int // BatchTexts
		want         []int
	}{
		"lines":                  {lines: 300, bytes: 100e6, want: []int{300, 300, 300, 100}},
		"bytes":                  {lines: 50_000, bytes: 100_000},
		"less than a shard":      {lines: 40, bytes: 100e6},
		"all fits into one file": {lines: 1000, bytes: 100e6, want: []int{1000}},
		"the user's":             {lines: 1000, bytes: 100e6, own: 400, want: []int{400, 400, 200}},
		"more than the vendor's": {lines: 300, bytes: 100e6, own: 1000, want: []int{300, 300, 300, 100}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBureau(t)
				b.api = narrow{b.api, c.lines, c.bytes}
				j := job(t, b.e, 1000)
				o := b.options()
				o.Workers, o.BatchTexts = 1, c.own
				expect.NoError(t, j.Work(t.Context(), b.e, o))
				b.complete(j, 0)
				got := b.texts(j)
				if c.want != nil {
					expect.Equal(t, "texts of batches", got, c.want)
				}
				for _, n := range got {
					if n > c.lines || n*512 > c.bytes {
						t.Errorf("got a batch of %d texts, want at most %d in %d bytes", n, c.lines, c.bytes)
					}
				}
			})
		})
	}
}

// Small shards, of many small files for one, do not take a file each without a bound.
func TestBatchSmallShards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t)
		j := start(t, b.e, Options{Inputs: []string{put(t, "a.txt", lines(250))}, Out: filepath.Join(t.TempDir(), "out"), ShardTexts: 1})
		expect.NoError(t, j.Work(t.Context(), b.e, b.options()))
		b.complete(j, 0)
		expect.Equal(t, "texts of batches", b.texts(j), []int{mostMembers, 50})
	})
}

// narrow is a batch API with other limits.
type narrow struct {
	batchapi.API
	lines, bytes int
}

func (n narrow) Terms() batchapi.Terms {
	t := n.API.Terms()
	t.Lines, t.Bytes = n.lines, n.bytes
	return t
}

// A stop leaves the batch to the next run, which finds it and asks nothing again.
func TestBatchStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t)
		j := job(t, b.e, 1000)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		expect.Equal(t, "error", j.Work(ctx, b.e, b.options()), context.DeadlineExceeded)
		s, err := j.Status()
		expect.NoError(t, err)
		expect.Equal(t, "batches under way", len(s.Batches), 1)
		expect.Equal(t, "their texts", s.Batches[0].Texts, 1000)
		refused(t, j.Work(t.Context(), b.e, WorkOptions{Check: -1}), "paid for twice")
		expect.NoError(t, j.Work(t.Context(), b.e, b.options()))
		b.complete(j, 0)
		expect.Equal(t, "batches", len(b.server.Batches()), 1)
	})
}

// A process that ended between a batch and the vendor's word for it leaves an intent. The next
// finds the batch by its mark, or makes one if there is none.
func TestBatchIntent(t *testing.T) {
	for _, reached := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			b := newBureau(t)
			j := job(t, b.e, 1000)
			ctx, cancel := context.WithCancelCause(t.Context())
			o := b.options()
			o.Batches = deadly{b.api, reached, cancel}
			if err := j.Work(ctx, b.e, o); err == nil {
				t.Fatal("got no error, want the end of the process")
			}
			all, err := j.batches()
			expect.NoError(t, err)
			expect.Equal(t, "intents", len(all), 1)
			expect.Equal(t, "its id", all[0].ID, "")
			expect.NoError(t, j.Work(t.Context(), b.e, b.options()))
			b.complete(j, 0)
			expect.Equal(t, "batches", len(b.server.Batches()), 1)
		})
	}
}

// deadly is a batch API during whose answer to a batch the process ends.
type deadly struct {
	batchapi.API
	reached bool
	end     context.CancelCauseFunc
}

func (d deadly) Submit(ctx context.Context, b batchapi.Batch) (string, error) {
	if d.reached {
		if _, err := d.API.Submit(ctx, b); err != nil {
			return "", err
		}
	}
	d.end(errors.New("the process ends"))
	return "", context.Canceled
}

// A process that is frozen between an intent and the vendor's answer ends its batch when it thaws,
// because another process has given the texts up as never asked and asked for them again.
func TestBatchThaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t)
		j := job(t, b.e, 1000)
		o := b.options()
		o.Batches = &frozen{API: b.api, during: func() {
			other, err := Open(j.dir)
			expect.NoError(t, err)
			q, err := NewLocal(t.TempDir(), LocalOptions{Done: other.Done}) // the claims were lost
			expect.NoError(t, err)
			o := b.options()
			o.Queue = q
			expect.NoError(t, other.Work(t.Context(), b.e, o))
			expect.NoError(t, errors.Join(q.Close(), other.Close()))
		}}
		expect.NoError(t, j.Work(t.Context(), b.e, o))
		b.complete(j, 0)
		all, err := j.batches()
		expect.NoError(t, err)
		expect.Equal(t, "intents", len(all), 2)
		expect.Equal(t, "the state of the first", all[0].State, batchVoid)
		at := b.server.Batches()
		expect.Equal(t, "batches at the vendor", len(at), 2)
		state, err := b.api.Poll(t.Context(), o.Batches.(*frozen).id)
		expect.NoError(t, err)
		expect.Equal(t, "the vendor's word for the one that was begun late", state.Status, "cancel"+"led") // so spelled
	})
}

// frozen is a batch API during whose first call the process is frozen.
type frozen struct {
	batchapi.API
	during func()
	id     string
}

func (f *frozen) Submit(ctx context.Context, b batchapi.Batch) (id string, err error) {
	during := f.during
	if f.during = nil; during != nil {
		during()
	}
	f.id, err = f.API.Submit(ctx, b)
	return f.id, err
}

// A key that is refused and a batch that the vendor does not take pause the job, and nothing is
// asked again after it.
func TestBatchPauses(t *testing.T) {
	for name, c := range map[string]struct {
		fault emulator.Fault
		kind  string
	}{
		"hang":  {emulator.Fault{Name: "hang"}, "failures"},
		"key":   {emulator.Fault{Name: "auth"}, "auth"},
		"money": {emulator.Fault{Name: "exhausted"}, "money"},
		"down":  {emulator.Fault{Name: "empty-503"}, "failures"},
		"empty": {emulator.Fault{Name: "batch-errors"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBureau(t, c.fault)
				j := job(t, b.e, 1000)
				err := j.Work(t.Context(), b.e, b.options())
				paused, ok := errors.AsType[*Paused](err)
				if c.kind != "" && (!ok || paused.Kind != c.kind) {
					t.Fatalf("got the error %v, want a pause for %s", err, c.kind)
				}
				if ok {
					_, err = j.Resume()
					expect.NoError(t, err)
				}
				expect.NoError(t, b.server.SetFaults())
				expect.NoError(t, j.Work(t.Context(), b.e, b.options()))
				b.complete(j, 0)
			})
		})
	}
}

// A job that is canceled ends its batch at the vendor.
func TestBatchCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t)
		j := job(t, b.e, 1000)
		time.AfterFunc(5*time.Minute, func() { expect.NoError(t, j.Cancel()) })
		if err := j.Work(t.Context(), b.e, b.options()); !errors.Is(err, ErrCanceled) {
			t.Fatalf("got the error %v, want ErrCanceled", err)
		}
		all, err := j.batches()
		expect.NoError(t, err)
		state, err := b.api.Poll(t.Context(), all[0].ID)
		expect.NoError(t, err)
		expect.Equal(t, "the vendor's word", state.Status, "cancel"+"led") // so spelled
		n, err := j.CancelBatches(t.Context(), b.api)
		expect.NoError(t, err)
		expect.Equal(t, "batches that were told to end", n, 1)
		expect.Equal(t, "texts billed", b.server.Ledger().Texts, 0)
	})
}

// Shards that are done again after their results are doubted do not get the old answers.
func TestBatchRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t)
		j := job(t, b.e, 1000)
		expect.NoError(t, j.Work(t.Context(), b.e, b.options()))
		n, err := j.Retry(3, 4)
		expect.NoError(t, err)
		expect.Equal(t, "shards to do again", n, 2)
		expect.NoError(t, j.Work(t.Context(), b.e, b.options()))
		b.complete(j, 200)
		expect.Equal(t, "texts of batches", b.texts(j), []int{1000, 200})
	})
}

// A process without batches that is there before them leaves a shard alone whose batch was begun
// meanwhile by a process that has ended.
func TestBatchBesideRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t)
		j := job(t, b.e, 1000)
		api, err := b.api.Submit(t.Context(), batchapi.Batch{Mark: "elsewhere"})
		expect.NoError(t, err)
		e := embedding.Wrap(b.e, b.e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			of := &Batch{Mark: j.Manifest.ID + "-elsewhere", ID: api, State: batchWaiting, Shards: []int{7, 8}, Texts: 200, Begun: time.Now()}
			expect.NoError(t, j.saveBatch(of))
			time.Sleep(time.Second)
			return b.e.Embed(ctx, req)
		})
		refused(t, j.Work(t.Context(), e, WorkOptions{Check: -1, Workers: 1}), "paid for twice", "by batches too")
		for i, want := range map[int]int{699: 1, 700: 0, 899: 0} {
			expect.Equal(t, "times that a text was billed", b.server.TimesBilled(texts(i)), want)
		}
	})
}

// A batch API of another model, and an Embedder whose answers cost nothing, are refused.
func TestBatchRefuses(t *testing.T) {
	b := newBureau(t)
	j := job(t, b.e, 10)
	other, err := openai.NewBatches(openai.Options{Preset: "openai", Model: "text-embedding-3-large", Dimensions: 16, Key: "k"})
	expect.NoError(t, err)
	refused(t, j.Work(t.Context(), b.e, WorkOptions{Batches: other}), "text-embedding-3-large", "text-embedding-3-small")
}

// Ids of texts are read as they are written, and nothing else is one.
func TestPlace(t *testing.T) {
	for id, want := range map[string][2]int{
		"0:0": {0, 0}, "12:4999": {12, 4999}, "": {-1, -1}, "1": {-1, -1}, "1:": {-1, -1}, "01:1": {-1, -1}, "1:-1": {-1, -1}, "1:+1": {-1, -1}, "1:1:1": {-1, -1},
		"99999999999999999999:1": {-1, -1},
	} {
		s, i := place(id)
		expect.Equal(t, id, [2]int{s, i}, want)
	}
	expect.Equal(t, "a name", (&member{shard: shard{number: 7}}).id(42), "7:42")
}

// Each vendor's batch API, with what goes wrong in most ways at once, does a job.
func TestBatchVendors(t *testing.T) {
	for name, open := range map[string]func(*bureau, emulator.Options) (embedding.Embedder, batchapi.API, error, error){
		"zhipu": func(b *bureau, o emulator.Options) (embedding.Embedder, batchapi.API, error, error) {
			at := openai.Options{Preset: "zhipu", Model: "embedding-3", Dimensions: 256, BaseURL: "http://127.0.0.1" + presettest.BasePath("zhipu"), Key: emulator.DefaultKey}
			at.HTTPClient = b.open(presettest.New("zhipu", o))
			e, err := openai.New(at)
			api, err2 := openai.NewBatches(at)
			return e, api, err, err2
		},
		"mistral": func(b *bureau, o emulator.Options) (embedding.Embedder, batchapi.API, error, error) {
			at := openai.Options{Preset: "mistral", Model: "codestral-embed", Dimensions: 256, BaseURL: "http://127.0.0.1" + presettest.BasePath("mistral"), Key: emulator.DefaultKey}
			at.HTTPClient = b.open(presettest.New("mistral", o))
			e, err := openai.New(at)
			api, err2 := openai.NewBatches(at)
			return e, api, err, err2
		},
		"voyage": func(b *bureau, o emulator.Options) (embedding.Embedder, batchapi.API, error, error) {
			at := voyage.Options{Model: "voyage-4", Dimensions: 256, BaseURL: "http://127.0.0.1" + voyagetest.BasePath, Key: emulator.DefaultKey}
			at.HTTPClient = b.open(voyagetest.New(o))
			e, err := voyage.New(at)
			api, err2 := voyage.NewBatches(at)
			return e, api, err, err2
		},
		"gemini": func(b *bureau, o emulator.Options) (embedding.Embedder, batchapi.API, error, error) {
			at := gemini.Options{Model: "gemini-embedding-001", Dimensions: 128, BaseURL: "http://127.0.0.1" + geminitest.BasePath, Key: emulator.DefaultKey}
			at.HTTPClient = b.open(geminitest.New(o))
			e, err := gemini.New(at)
			api, err2 := gemini.NewBatches(at)
			return e, api, err, err2
		},
		"dashscope": func(b *bureau, o emulator.Options) (embedding.Embedder, batchapi.API, error, error) {
			at := dashscope.Options{Model: "text-embedding-v4", Dimensions: 64, Region: "cn", BaseURL: "http://127.0.0.1" + dashscopetest.BasePath, Key: emulator.DefaultKey}
			at.HTTPClient = b.open(dashscopetest.New(dashscopetest.Options{Options: o, Region: "cn"}))
			e, err := dashscope.New(at)
			api, err2 := dashscope.NewBatches(at)
			return e, api, err, err2
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &bureau{t: t}
				var err, err2 error
				b.e, b.api, err, err2 = open(b, b.made([]emulator.Fault{{Name: "batch-upload-lost", Next: 1}, {Name: "batch-submit-lost", Next: 1}, {Name: "batch-submit-429", At: 2},
					{Name: "batch-expired", Next: 1}, {Name: "batch-duplicates"}, {Name: "batch-strangers"}, {Name: "batch-drop", Next: 1}}))
				expect.NoError(t, errors.Join(err, err2))
				j := job(t, b.e, 500)
				expect.NoError(t, j.Work(t.Context(), b.e, b.options()))
				s := b.complete(j, 0)
				expect.Equal(t, "tokens of batches", s.BatchTokens, s.Tokens)
				expect.Equal(t, "batches", len(b.server.Batches()), 2)
				b.same(j, 3)
			})
		})
	}
}

// Whatever an id is, it is read only if it is what is written.
func FuzzPlace(f *testing.F) {
	f.Add("12:34")
	f.Fuzz(func(t *testing.T, id string) {
		if s, i := place(id); s >= 0 && (i < 0 || (&member{shard: shard{number: s}}).id(i) != id) {
			t.Fatalf("%q: got the place %d:%d, want none", id, s, i)
		}
	})
}
