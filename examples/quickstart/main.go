// Command quickstart searches text by meaning. It builds an index with langchaingo and chromem and
// answers questions.
//
//	go run ./examples/quickstart "parse command line flags"
//
// By default the text is the documentation of the Go standard library in the local toolchain, and
// the model is the embedded one: no key, no download, no server. Without a question it reads
// questions from standard input, one a line.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/tmc/langchaingo/vectorstores"
	"golang.org/x/term"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/internal/plain"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "quickstart:", plain.Visible(err.Error()))
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out, log io.Writer) error {
	show, raw := progress(log), log // both write escape sequences
	// Documents and file names may hold what a terminal acts on.
	out, log = &plain.Writer{W: out}, &plain.Writer{W: log}
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(log)
	dir := flags.String("dir", "", "index the text and Markdown files below this `folder` instead of the standard library's documentation")
	ref := flags.String("embedder", "static:base", "the `provider:model` that embeds, for example dashscope:text-embedding-v4")
	keep := flags.String("store", "", "keep the index in this `folder` between runs, for one -dir; the texts are stored there too")
	k := flags.Int("k", 5, "how many `answers` to print")
	flags.Usage = func() {
		fmt.Fprintln(log, "usage: quickstart [flags] [question]\nSearches text by meaning. Without a question it reads questions line by line.")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return flag.ErrHelp // it has been reported
	}

	steps := steps{last: time.Now()}
	// The provider is one string; what production needs around it is one line.
	e, err := providers.Open(*ref)
	if err != nil {
		return err
	}
	patience := &patience{log: raw}
	defer patience.wait("", true)
	e = embedding.Chain(e, middleware.Standard(middleware.StandardOptions{}), patience.watch)
	if e, err = embedding.Probe(ctx, e); err != nil {
		return err
	}

	docs, err := read(*dir, log)
	if err != nil {
		return err
	}
	steps.done("read")
	from, err := origin(*dir)
	if err != nil {
		return err
	}
	var store *chromem.Store
	var unlock func()
	if err := waiting(ctx, log, *keep, func() error {
		if store == nil {
			if store, err = chromem.New(e, chromem.Options{Dir: *keep}); err != nil {
				return err
			}
		}
		unlock, err = store.Lock()
		return err
	}); err != nil {
		return err
	}
	steps.done("open")
	err = indexing(ctx, e, store, from, docs, show)
	unlock()
	if err != nil {
		return err
	}
	steps.done("index")
	if question := strings.Join(flags.Args(), " "); question != "" {
		if err := answer(ctx, newBest(store, docs), question, *k, out); err != nil {
			return err
		}
		steps.done("search")
	} else if err := converse(ctx, newBest(store, docs), *k, in, out); err != nil {
		return err
	}
	fmt.Fprintf(log, "%d documents in %s; %s\n", store.Count(), e.Model().Space, steps)
	return nil
}

func read(dir string, warn io.Writer) ([]document, error) {
	if dir != "" {
		return folder(dir, warn)
	}
	root, err := toolchain()
	if err != nil {
		return nil, err
	}
	return library(root)
}

// converse answers one question a line, until the input or ctx ends.
func converse(ctx context.Context, store vectorstores.VectorStore, k int, in io.Reader, out io.Writer) error {
	prompt := ""
	if terminal(in) && terminal(out) {
		prompt = "? "
	}
	lines := bufio.NewScanner(in)
	questions := make(chan string)
	go func() { // a read cannot be interrupted, so this ends with the input or the program
		defer close(questions)
		for lines.Scan() {
			select {
			case questions <- strings.TrimSpace(lines.Text()):
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		fmt.Fprint(out, prompt)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case question, more := <-questions:
			if !more {
				return lines.Err()
			}
			if question == "" {
				continue
			}
			if err := answer(ctx, store, question, k, out); err != nil {
				return err
			}
		}
	}
}

// progress returns what shows how many documents are indexed, on a terminal only; 0 ends it.
func progress(log io.Writer) func(done int) {
	if !terminal(log) {
		return func(int) {}
	}
	return func(done int) {
		if done == 0 {
			fmt.Fprint(log, "\r\x1b[K")
			return
		}
		fmt.Fprintf(log, "%d new documents are indexed\r", done)
	}
}

func terminal(x any) bool {
	if w, ok := x.(*plain.Writer); ok {
		x = w.W
	}
	f, ok := x.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// steps are the times that the parts of a run took.
type steps struct {
	last  time.Time
	parts []string
}

func (s *steps) done(name string) {
	now := time.Now()
	s.parts = append(s.parts, fmt.Sprintf("%s %v", name, now.Sub(s.last).Round(time.Millisecond)))
	s.last = now
}

func (s steps) String() string { return strings.Join(s.parts, ", ") }
