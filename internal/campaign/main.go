// Command campaign runs a job through the whole client stack under every fault that an embedding
// service is known for, and compares the results with a plain loop over the provider: no text is
// lost, none has a wrong vector, and none is paid for twice unless it was in flight.
//
//	go run ./internal/campaign                      # 50,000 texts a fault, outages of 30 s
//	go run -race ./internal/campaign -quick         # 1,000 texts a fault, outages of 1 s
//	go run ./internal/campaign -fault 'outage|region'
//
// The service is package dashscopetest in processes of its own over loopback HTTP: the program
// starts itself with -emulate. A job embeds half as many different texts, each twice, at 64
// dimensions, from 64 goroutines, through
//
//	Observe(Dimensions(Cache(Standard(dashscope)))) with Limit, or with Fallback over two emulators
//
// under GOMEMLIMIT=256MiB unless the environment sets another limit. Each fault is played alone,
// then all at random as -seed decides.
//
// # What must hold
//
// A fault that is worth a retry (RateLimited, Unavailable, or an answer that is only unusual) must
// leave no trace in the results. Any other fault fails texts by its own kind only: a spoiled
// answer's texts are Malformed, a bad text alone is Rejected, and everything after a bad key or an
// empty account is Auth or Exhausted. Then the fault is lifted and the job runs again on the same
// cache: all texts have their vectors, and only the missing ones were billed.
//
// A text may be billed twice only if a call with it was in flight when a fault struck: the
// connection broke, the attempt timed out, or an answer of status 200 was unusable. The client
// counts those texts (the bound). The emulator's ledger counts what it billed; if its process was
// killed, a journal in a file does. If the bound is 0, callers must know of every token.
// After idle connections are closed, no goroutine is left. Three rows have a built-in defect and
// fail if it goes unnoticed.
//
// # What is not the default
//
// Waits are shorter than middleware's defaults, so that minutes are enough: Retry pauses 20 ms to
// 0.5 s (default 0.5 s to 10 s), a circuit first stays open for 50 ms (5 s), and an attempt may
// take 3 s (60 s). An HTTP/2 connection is asked after 0.5 s of silence (10 s). Retry's budget is
// 2 minutes and one outage. The emulator's rates are per second. The service also has windows of a
// minute; waiting for those is the same code with a longer clock.
//
// The exit status is 1 if anything did not hold, 2 for wrong flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == emulateMode {
		if err := emulate(os.Args[2:], os.Stdin, os.Stdout, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, "campaign", emulateMode+":", err)
			os.Exit(1)
		}
		return
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	cancel()
	os.Exit(code)
}

// plan holds the flags.
type plan struct {
	texts   int
	fault   *regexp.Regexp
	outages time.Duration
	seed    uint64
}

func planOf(args []string, stderr io.Writer) (plan, error) {
	p := plan{fault: regexp.MustCompile("")}
	fs := flag.NewFlagSet("campaign", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.IntVar(&p.texts, "texts", 50_000, "texts a fault, of which half are different")
	fs.Func("fault", "play only those whose name matches `REGEXP`", func(s string) (err error) {
		p.fault, err = regexp.Compile(s)
		return err
	})
	fs.DurationVar(&p.outages, "outage", 30*time.Second, "how long an outage is")
	fs.Uint64Var(&p.seed, "seed", 1, "decides the texts and what strikes when")
	quick := fs.Bool("quick", false, "1,000 texts and outages of 1s, where -texts and -outage do not say otherwise")
	if err := fs.Parse(args); err != nil {
		return p, err
	}
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if *quick && !given["texts"] {
		p.texts = 1_000
	}
	if *quick && !given["outage"] {
		p.outages = time.Second
	}
	switch {
	case fs.NArg() > 0:
		return p, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case p.texts < 1_000:
		return p, fmt.Errorf("-texts is %d: below 1000 a fault may never strike", p.texts)
	case p.outages < 0:
		return p, fmt.Errorf("-outage is %v: it must not be negative", p.outages)
	}
	return p, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p, err := planOf(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "campaign:", err)
		return 2
	}
	start := time.Now()
	rows, err := p.play(ctx, stdout)
	if err != nil {
		fmt.Fprintln(stderr, "campaign:", err)
		return 1
	}
	fmt.Fprintf(stdout, "\n%d faults in %v. The quiet run took %.2f s, and the cache had %.0f %% of its texts.\n",
		len(rows)-1, time.Since(start).Round(time.Second), rows[0].took.Seconds(), 100*rows[0].hits)
	if what := failures(rows); what != "" {
		fmt.Fprint(stdout, what)
		return 1
	}
	return 0
}

// play starts two emulators and prints a row for every scenario.
func (p plan) play(ctx context.Context, stdout io.Writer) ([]row, error) {
	dir, err := os.MkdirTemp("", "campaign")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary folder that stays does no harm
	lab := &laboratory{job: newJob(p.texts, p.seed), outages: p.outages, limit: limitMemory(os.Getenv("GOMEMLIMIT"))}
	lab.long = lab.job.withLong()
	for _, name := range []string{"first", "second"} {
		c := newChild(p.seed, filepath.Join(dir, name))
		if err := c.start(); err != nil {
			return nil, err
		}
		defer c.stop()
		lab.emulators = append(lab.emulators, c)
	}
	if err := lab.reference(ctx); err != nil {
		return nil, err
	}
	fmt.Fprintf(stdout, "%d texts a fault, %d of them different, %d goroutines, outages of %v, seed %d, memory limit %d MiB, %s, %d processors\n\n",
		len(lab.job.order), len(lab.job.texts), callers, p.outages, p.seed, lab.limit>>20, runtime.Version(), runtime.GOMAXPROCS(0))
	fmt.Fprint(stdout, tableHead)
	var rows []row
	for _, s := range p.scenarios(lab.job) {
		r, err := lab.play(ctx, s)
		if err != nil {
			return rows, fmt.Errorf("%s: %w", s.name, err)
		}
		if len(rows) == 0 {
			lab.quiet = r.took
		}
		r.over = r.took - lab.quiet
		rows = append(rows, r)
		fmt.Fprint(stdout, r.line())
	}
	return rows, nil
}

// scenarios returns what to play, always beginning with the quiet run.
func (p plan) scenarios(j *job) []scenario {
	all := []scenario{{name: "none (the quiet run)", nothing: true}}
	for _, group := range [][]scenario{eachFault(), faultsOfTexts(), moreFaults(j), outages(), randomFaults(p.seed), controls()} {
		for _, s := range group {
			if p.fault.MatchString(s.name) {
				all = append(all, s)
			}
		}
	}
	return all
}
