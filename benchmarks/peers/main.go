// Command peers compares this module's client-side cost with other Go libraries', on one machine in
// one run, and writes the tables of benchmarks/RESULTS.md. The notes that it prints explain how.
//
//	go run .                    everything, some minutes
//	go run . -quick             everything in under a minute, less exactly
//	go run . -only calls        one section: calls, base64, scanner, jobs, hits, added, local or
//	                            transformer
//	go run . -cpuprofile FILE   a profile of our calls alone
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"syscall"
	"time"
)

func main() {
	if os.Getenv(childVariable) != "" {
		if err := serve(); err != nil {
			fmt.Fprintln(os.Stderr, "mock server:", err)
			os.Exit(1)
		}
		return
	}
	if folder := os.Getenv(transformerVariable); folder != "" {
		if err := measureTransformer(folder); err != nil {
			fmt.Fprintln(os.Stderr, "transformer:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	report
	ctx    context.Context
	server *child
	texts  []string
	want   [][]float32
	quick  bool
	rounds int
	root   string // of the main module
	data   string // folder of the data sets, or ""
	python string // interpreter with model2vec, or ""

	folder            string // of a transformer, or ""
	onnx, onnxruntime string // the same model, and an interpreter with onnxruntime, or ""
}

func run(ctx context.Context) (err error) {
	var (
		b       = &bench{ctx: ctx, texts: texts(textCount), want: vectors(), root: filepath.Join("..", "..")}
		out     = flag.String("o", filepath.Join("..", "RESULTS.md"), "write the tables to this `file`; empty: only print them")
		outJSON = flag.String("json", "", "write every sample to this `file`")
		only    = flag.String("only", "", "run this `section` alone, and write no file but that of -json")
		profile = flag.String("cpuprofile", "", "write a processor profile of our calls of 10 texts to this `file`, and do nothing else")
	)
	flag.BoolVar(&b.quick, "quick", false, "finish in under a minute")
	flag.StringVar(&b.data, "data", os.Getenv("EMBEDDING_TESTDATA"), "`folder` of the data sets")
	flag.StringVar(&b.python, "python", "", "an `interpreter` with model2vec (providers/static/train/requirements-speed.txt): compares the local model with it")
	flag.StringVar(&b.folder, "folder", "", "the `folder` of a transformer to measure")
	flag.StringVar(&b.onnx, "onnx", "", "the same model as an ONNX `file`")
	flag.StringVar(&b.onnxruntime, "onnxruntime", "", "an `interpreter` with numpy, onnxruntime and tokenizers: compares the transformer with it")
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	if b.data != "" {
		if b.data, err = filepath.Abs(b.data); err != nil {
			return err
		}
	}
	if b.python != "" { // check minutes before it is needed
		if err := hasModel2vec(ctx, b.python, b.data); err != nil {
			return err
		}
	}
	if b.onnxruntime != "" {
		if err := hasONNXRuntime(ctx, b.onnxruntime, b.onnx); err != nil {
			return err
		}
	}
	b.rounds = 9
	if b.quick {
		b.rounds = 5
	}
	b.Machine = machine(time.Now(), b.quick, b.rounds)
	if b.server, err = startChild(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.server.close()) }()
	if *profile != "" {
		return b.profile(*profile)
	}
	sections := []struct {
		name string
		do   func() error
	}{
		{"calls", func() error { return b.calls(false) }}, {"base64", func() error { return b.calls(true) }}, {"added", b.added},
		{"scanner", b.scanner}, {"jobs", b.jobs}, {"hits", b.hits}, {"local", b.local},
		{"transformer", b.transformer},
	}
	known := *only == ""
	for _, s := range sections {
		if *only != "" && *only != s.name {
			continue
		}
		known = true
		begin := time.Now()
		if err := s.do(); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s: %.1f s\n", s.name, time.Since(begin).Seconds())
	}
	if !known {
		return fmt.Errorf("there is no section %q", *only)
	}
	if err := b.markdown(os.Stdout); err != nil {
		return err
	}
	if *outJSON != "" {
		text, err := json.MarshalIndent(b.report, "", "\t")
		if err != nil {
			return err
		}
		if err := os.WriteFile(*outJSON, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	if *out == "" || *only != "" {
		return nil
	}
	f, err := os.Create(*out)
	if err != nil {
		return err
	}
	return errors.Join(b.markdown(f), f.Close())
}

// each calls do for every index once per round, and begins each round with another index.
func (b *bench) each(rounds, n int, do func(i int) error) error {
	for r := range rounds {
		for k := range n {
			if err := b.ctx.Err(); err != nil {
				return err
			}
			if err := do((k + r) % n); err != nil {
				return err
			}
		}
	}
	return nil
}

// pick returns the shorter duration in a quick run.
func (b *bench) pick(quick, full time.Duration) time.Duration {
	if b.quick {
		return quick
	}
	return full
}

// profile runs our provider alone for some seconds.
func (b *bench) profile(path string) error {
	mine, err := ours(b.server.url+"/plain/v1", false, 100)
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	for range 10 {
		if _, err := calls(b.ctx, b.server, mine[0], b.texts, b.want, 10, time.Second); err != nil {
			return err
		}
	}
	pprof.StopCPUProfile()
	return f.Close()
}

// local measures the local model.
func (b *bench) local() error {
	e, err := openLocal()
	if err != nil {
		return err
	}
	texts, what, err := sentences(b.data, b.texts)
	if err != nil {
		return err
	}
	if _, err := local(b.ctx, e, texts, 1, 0); err != nil { // indexes the vocabulary
		return err
	}
	t := b.table("The local model, static:base", "cores", "texts per second")
	t.Notes = []string{"All of " + what + " in one call."}
	counts := slices.Compact([]int{1, runtime.NumCPU()})
	speeds := make([][]float64, len(counts))
	err = b.each(b.rounds, len(counts), func(i int) error {
		s, err := local(b.ctx, e, texts, counts[i], b.pick(100*time.Millisecond, 500*time.Millisecond))
		speeds[i] = append(speeds[i], s)
		return err
	})
	if err != nil {
		return err
	}
	for i, n := range counts {
		t.add(fmt.Sprint(n), fmt.Sprintf("%.0f", median(speeds[i])))
	}
	const what2, want = "local model, one core, STS-B sentences, against model2vec in Python with the same table and tokenizer", ">= 10x"
	if b.python == "" {
		b.unmeasured(what2, want, fmt.Sprintf("%.0f texts/s here; -python INTERPRETER compares", median(speeds[0])))
		return nil
	}
	rounds := 7
	if b.quick {
		rounds = 3
	}
	mine, theirs, ratio, err := model2vec(b.ctx, b.root, b.python, b.data, rounds)
	if err != nil {
		return err
	}
	b.hold(what2, want, ratio >= 10, "%.1fx (%.0f against %.0f texts/s)", ratio, mine, theirs)
	return nil
}
