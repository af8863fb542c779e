package command

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
)

const jobRunUsage = `usage: vecspace job run -in FILES -out FOLDER [-e REFERENCE] [FLAGS]

Embeds the lines of files, or the text of each record of JSONL, CSV, TSV or Parquet (full build):

  vecspace job run -in 'docs/*.jsonl' -field text -id id -out vectors
  vecspace job run -in texts.txt -out vectors -e dashscope:text-embedding-v4 -rpm 1800 -tpm 1200000
  vecspace job run -in texts.txt -out vectors -e openai:text-embedding-3-small -executor batch

It says what the job will cost, asks if that is more than nothing, and does it. After a stop of any
kind the same command goes on. FOLDER/data/part-000000 and so on have vectors.npy, ids.txt (the id
of each row, or its index) and rejected.jsonl (records without a vector); FOLDER/_SUCCESS.json is
there when all is done. "vecspace job merge" makes one file of them.

`

// jobFlags are the arguments of job run and job worker.
type jobFlags struct {
	jobs.Options
	dtype   string
	yes     bool
	budget  sum
	workers int
	check   int
	stack   middleware.StandardOptions
	meet    meetFlags
	batch   batchFlags
}

// shared adds the flags of run and worker.
func (f *jobFlags) shared(fs *flag.FlagSet) {
	fs.Func("budget", "pause before this process has spent what is left of this, such as `2.00USD`, after the earlier costs of the job", func(s string) (err error) {
		f.budget, err = readSum(s)
		return err
	})
	fs.IntVar(&f.stack.Limit.RPM, "rpm", 0, "requests a minute of this process at most; 0: as the provider allows")
	fs.IntVar(&f.stack.Limit.TPM, "tpm", 0, "tokens a minute of this process at most; 0: as the provider allows")
	fs.IntVar(&f.stack.Limit.InFlight, "in-flight", 0, "requests of this process at once, all shards together; 0: no limit")
	fs.IntVar(&f.stack.Batch.Parallel, "parallel", 0, "requests at once for a block of 1,000 texts; 0: 8")
	fs.IntVar(&f.workers, "workers", 0, "shards, or batches, at once; 0: 2")
	fs.IntVar(&f.check, "check", 0, "check for a silent change of the model every so many `shards`; 0: 20, -1: never")
}

func (f *jobFlags) checkShared() error {
	o := f.stack
	if o.Limit.RPM < 0 || o.Limit.TPM < 0 || o.Limit.InFlight < 0 || o.Batch.Parallel < 0 || f.workers < 0 {
		return usagef("-rpm, -tpm, -in-flight, -parallel and -workers must not be below 0")
	}
	if m := f.meet; m.window < 0 || m.window > 0 && m.nats == "" && m.listen == "" {
		return usagef("-window is for processes that meet by -nats or -listen, and not below 0")
	}
	return f.batch.check()
}

func (p Parts) jobRunFlags(ctx context.Context, args []string, std streams) (f jobFlags, err error) {
	fs := flag.NewFlagSet("vecspace job run", flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), jobRunUsage)
		fs.PrintDefaults()
	}
	var in []string
	fs.Func("in", "read this `file`, or these with * and ? in their names, or objects as s3://bucket/*.jsonl (full build); repeatable, and more may follow", func(s string) error {
		in = append(in, s)
		return nil
	})
	fs.StringVar(&f.Out, "out", "", "the job's `folder`, new or of the same job")
	fs.StringVar(&f.Reference, "e", "static:base", "the embedder, by its `reference`")
	readFlags(fs, &f.Format, &f.Field, &f.Template, &f.ID)
	fs.StringVar(&f.To, "to", "npy", "`format` of the output: npy, jsonl or parquet (full build)")
	fs.StringVar(&f.dtype, "dtype", "float32", "`numbers` of .npy: float32 or float16")
	fs.IntVar(&f.ShardTexts, "shard", 0, "`texts` of a shard, which is done and written in one piece; 0: 5000")
	taskFlag(fs, &f.Task)
	fs.BoolVar(&f.yes, "yes", false, "do not ask before a job that costs money")
	f.shared(fs)
	f.meet.add(fs, true)
	f.batch.add(fs, "sync", "")
	rest, err := parse(fs, args, std)
	if err != nil {
		return f, err
	}
	f.Half, f.Formats = f.dtype == "float16", p.Formats
	switch in = append(in, rest...); {
	case len(in) == 0:
		return f, usagef("-in FILES is needed")
	case f.Out == "":
		return f, usagef("-out FOLDER is needed")
	case !slices.Contains(append(p.Formats.Outputs(), "parquet"), f.To):
		return f, usagef("-to %s: there are %s", f.To, strings.Join(p.Formats.Outputs(), ", "))
	case !slices.Contains(p.Formats.Outputs(), f.To):
		return f, usagef("-to parquet needs the full build: go install github.com/vecspace/embedding/full/cmd/vecspace@latest")
	case f.dtype != "float32" && f.dtype != "float16":
		return f, usagef("-dtype %s: there are float32 and float16", f.dtype)
	case f.Half && f.To != "npy":
		return f, usagef("-dtype float16 is for .npy")
	case f.ShardTexts < 0:
		return f, usagef("-shard must not be below 0")
	}
	if f.Inputs, err = p.expand(ctx, in); err != nil {
		return f, err
	}
	return f, f.checkShared()
}

// expand returns the files and objects that names with * and ? mean.
func (p Parts) expand(ctx context.Context, in []string) (files []string, err error) {
	for _, name := range in {
		if _, err := os.Stat(name); err == nil {
			files = append(files, name)
			continue
		}
		found, err := p.Formats.Glob(ctx, name)
		if err != nil {
			return nil, usagef("-in %s: %v", name, err)
		}
		if len(found) == 0 {
			return nil, usagef("-in %s: there is no such file; the standard input is none, because a job reads its input again after a stop", name)
		}
		files = append(files, found...)
	}
	return files, nil
}

func (p Parts) jobRun(ctx context.Context, args []string, std streams) (err error) {
	f, err := p.jobRunFlags(ctx, args, std)
	if err != nil {
		return err
	}
	bar := newProgress(std.err)
	w := &jobWork{flags: f, bar: bar, parts: p, account: &account{stop: context.WithoutCancel(ctx)}}
	defer w.end()
	e, err := w.open(ctx, f.Reference)
	if err != nil {
		return err
	}
	if f.batch.executor == "batch" {
		if _, err := providers.OpenBatches(f.Reference); err != nil {
			return usageError{err}
		}
	}
	f.Planning, w.said = w.planning, time.Now()
	plan, err := jobs.NewPlan(ctx, e, f.Options)
	if err != nil {
		return err
	}
	defer plan.Discard()
	if !plan.Resumed {
		if err := f.confirm(ctx, plan, e, std); err != nil {
			return err
		}
	}
	j, err := plan.Start()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	return w.run(ctx, j, e, f.Out)
}

func (p Parts) jobWorker(ctx context.Context, args []string, std streams) error {
	fs := jobFlagSet("worker", "Helps to do a job that \"vecspace job run\" has planned, from another process on this machine, or on\n"+
		"another one that sees the same files under the same names. Keys come from its own environment.")
	var f jobFlags
	f.shared(fs)
	f.meet.add(fs, false)
	f.batch.add(fs, "", "; without it, by batches if some are under way")
	return p.on(fs, args, std, func(j *jobs.Job, dir string) error {
		if err := f.checkShared(); err != nil {
			return err
		}
		w := &jobWork{flags: f, bar: newProgress(std.err), parts: p, account: &account{stop: context.WithoutCancel(ctx)}}
		defer w.end()
		e, err := w.open(ctx, j.Manifest.Spec.Embedder.Reference)
		if err != nil {
			return err
		}
		return w.run(ctx, j, e, dir)
	})
}

// confirm shows the plan, and asks if the job costs something.
func (f *jobFlags) confirm(ctx context.Context, plan *jobs.Plan, e embedding.Embedder, std streams) error {
	fmt.Fprint(std.err, f.planText(plan.Manifest, e.Model()), f.batchPlan(plan.Manifest, e))
	if jobs.Free(e) || f.yes {
		return nil
	}
	in, ok := std.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return usagef("the job costs money and nobody is there to be asked: add -yes to start it")
	}
	fmt.Fprint(std.err, "Start? [y/N] ")
	answer := make(chan string, 1)
	go func() { // a read of a terminal cannot be interrupted
		line, _ := bufio.NewReader(in).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case a := <-answer:
		if a != "y" && a != "yes" {
			return errors.New("not started")
		}
	}
	return nil
}

// planText is a plan in words.
func (f *jobFlags) planText(m jobs.Manifest, model embedding.Model) string {
	var b strings.Builder
	p := m.Plan
	fmt.Fprintf(&b, "job %s: %d texts in %d files, %d shards\n", m.ID, p.Texts, len(m.Spec.Inputs), p.Shards)
	fmt.Fprintf(&b, "  embedder  %s, space %s\n", f.Reference, m.Spec.Embedder.Space)
	size := int64(4)
	if f.Half {
		size = 2
	}
	if f.To == "jsonl" {
		size = 12
	}
	fmt.Fprintf(&b, "  output    %s, %s of %d dimensions, about %s\n", f.Out, f.To, m.Spec.Embedder.Dimensions, bytesText(size*int64(p.Texts)*int64(m.Spec.Embedder.Dimensions)))
	switch price := m.Price; {
	case price == nil:
		fmt.Fprintf(&b, "  cost      unknown: the price is not known; about %d tokens, likely fewer\n", p.Tokens)
	case price.PerMillion > 0:
		fmt.Fprintf(&b, "  cost      about %.2f %s for %d tokens, likely fewer\n", price.PerMillion/1e6*float64(p.Tokens), price.Currency, p.Tokens)
	default:
		b.WriteString("  cost      none\n")
	}
	if d := f.quotaTime(p, model); d > 0 {
		fmt.Fprintf(&b, "  time      at least %s by -rpm and -tpm\n", d.Round(time.Second))
	}
	return b.String()
}

// quotaTime returns how long the quota makes a job of this process, 0 if no flag says.
func (f *jobFlags) quotaTime(p jobs.Figures, m embedding.Model) time.Duration {
	per := 64
	if m.Limits.Texts > 0 {
		per = m.Limits.Texts
	}
	minutes := 0.0
	if rpm := f.stack.Limit.RPM; rpm > 0 {
		minutes = float64(p.Texts) / float64(per) / float64(rpm)
	}
	if tpm := f.stack.Limit.TPM; tpm > 0 {
		minutes = max(minutes, float64(p.Tokens)/float64(tpm))
	}
	return time.Duration(minutes * float64(time.Minute))
}

func bytesText(n int64) string {
	for _, unit := range []string{"bytes", "kB", "MB", "GB"} {
		if n < 10_000 {
			return fmt.Sprintf("%d %s", n, unit)
		}
		n /= 1000
	}
	return fmt.Sprintf("%d TB", n)
}

// jobWork does a job and tells how far it is.
type jobWork struct {
	flags   jobFlags
	bar     *progress
	parts   Parts
	account *account
	waits   *waits
	said    time.Time

	batching bool
}

// open opens the embedder of a reference, whose dimensions are known then.
func (w *jobWork) open(ctx context.Context, reference string) (embedding.Embedder, error) {
	if reference == "" {
		return nil, usagef("the job does not say how its embedder is opened: a program of its own does it")
	}
	w.waits = &waits{say: func(line string) { w.bar.say("vecspace job: " + line) }}
	w.parts.Providers = w.account.table(w.waits.table(w.parts.Providers))
	e, err := w.parts.Providers.Open(reference)
	if errors.Is(err, embedding.Invalid) {
		return nil, usageError{err}
	}
	if err != nil {
		return nil, err
	}
	return embedding.Probe(ctx, e)
}

func (w *jobWork) end() {
	if w.waits != nil {
		w.waits.end()
	}
}

func (w *jobWork) planning(texts int) {
	if time.Since(w.said) > time.Second {
		w.said = time.Now()
		w.bar.redraw(fmt.Sprintf("planning: %d texts", texts))
	}
}

// run works on a job until it ends.
func (w *jobWork) run(ctx context.Context, j *jobs.Job, e embedding.Embedder, dir string) (err error) {
	before, err := j.Status()
	if err != nil {
		return err
	}
	if e, err = w.budget(e, before); err != nil {
		return err
	}
	w.flags.stack.Limit.Window = w.flags.meet.window
	o := jobs.WorkOptions{Stack: w.flags.stack, Workers: w.flags.workers, Check: w.flags.check, BatchTexts: w.flags.batch.texts}
	if o.Batches, err = w.batches(j, before); err != nil {
		return err
	}
	var leave func() error
	if o.Queue, o.Stack.Limit.Shared, leave, err = w.parts.meet(ctx, w.flags.meet, j, dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, leave()) }()
	done := make(chan struct{})
	var teller sync.WaitGroup
	begin := time.Now()
	teller.Go(func() { w.tell(ctx, j, before.Done, done) })
	err = j.Work(ctx, e, o)
	close(done)
	teller.Wait()
	if paused, ok := errors.AsType[*jobs.Paused](err); ok {
		return pausedError{fmt.Errorf("%w\n  when that is mended: vecspace job resume %s, and run it again%s", err, dir, suspects(paused, dir))}
	}
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("interrupted: %d texts are done; the same command goes on", min(before.Done+j.Progress().Texts, before.Texts))
	}
	if err != nil {
		return err
	}
	s, err := j.Status()
	if err != nil {
		return err
	}
	w.bar.say(fmt.Sprintf("%s: %d vectors in %s, %s", dir, s.Vectors, time.Since(begin).Round(time.Millisecond), spent(s)))
	switch {
	case s.ShardsFailed > 0:
		return fmt.Errorf("%d shards have failed, the first because: %s; vecspace job retry %s does them again", s.ShardsFailed, s.Failures[0].Reason, dir)
	case s.Rejected > 0:
		return fmt.Errorf("%d of %d texts have no vector: see %s", s.Rejected, s.Texts, filepath.Join(dir, "data", "*", "rejected.jsonl"))
	}
	return nil
}

func suspects(p *jobs.Paused, dir string) string {
	if len(p.Suspect) == 0 {
		return ""
	}
	return fmt.Sprintf("\n  done after the last good check: vecspace job retry -shards %s %s does them again", numbers(p.Suspect), dir)
}

// budget returns e with the rest of the budget, of which the job has spent a part.
func (w *jobWork) budget(e embedding.Embedder, s jobs.Status) (embedding.Embedder, error) {
	b := w.flags.budget
	if b.amount == 0 || jobs.Free(e) {
		return e, nil
	}
	if s.Currency == "" {
		return nil, usagef("-budget: the price of the embedder is unknown, so no budget can be kept")
	}
	if b.currency == "" {
		b.currency = s.Currency
	}
	if s.Cost >= b.amount {
		return nil, usagef("-budget: the job has spent %.4f %s already: raise it", s.Cost, s.Currency)
	}
	purse, err := middleware.NewBudget(b.amount-s.Cost, b.currency)
	if err == nil {
		e, err = purse.Wrap(e)
	}
	if err != nil {
		return nil, usageError{err}
	}
	return e, nil
}

// tell shows how far the job is, every second on a terminal and every ten seconds elsewhere.
func (w *jobWork) tell(ctx context.Context, j *jobs.Job, before int, done <-chan struct{}) {
	defer w.bar.end()
	wait := 10 * time.Second
	if w.bar.terminal {
		wait = time.Second
	}
	ticks := time.NewTicker(wait)
	defer ticks.Stop()
	begin, stopping := time.Now(), ctx.Done()
	for {
		select {
		case <-done:
			return
		case <-stopping:
			stopping = nil
			w.bar.say("interrupted: waiting for requests under way; interrupt again to end at once")
		case <-ticks.C:
			p := j.Progress()
			total, n := j.Manifest.Plan.Texts, max(p.Texts, p.Answered)
			line := fmt.Sprintf("%d of %d texts", min(before+n, total), total)
			if rate := float64(n) / time.Since(begin).Seconds(); rate > 0 {
				left := time.Duration(float64(max(total-before-n, 0)) / rate * float64(time.Second))
				line += fmt.Sprintf(", %.1f/s, %s left", rate, left.Round(time.Second))
			}
			spent := w.account.String()
			if w.batching { // the account is of requests
				spent = fmt.Sprintf("%d tokens", p.Tokens)
			}
			w.bar.redraw(fmt.Sprintf("%s, %s", line, spent))
		}
	}
}
