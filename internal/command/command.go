// Package command is the program vecspace. A main passes the parts that its build links:
// cmd/vecspace passes none, full/cmd/vecspace those of the nested modules.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/term"

	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/internal/plain"
	"github.com/vecspace/embedding/jobs"
	_ "github.com/vecspace/embedding/providers/static/base1" // so that stores of the first edition open
)

// command is one word after the program's name.
type command struct {
	name, does string
	run        func(ctx context.Context, args []string, std streams) error
}

// Parts are what a build of the command links besides this package. The zero value is the build of
// cmd/vecspace. A part that no configuration file names is a field here.
type Parts struct {
	config.Parts // what a reference or a file of embed -config may name

	Meeting Meeting      // of job with -nats or -listen; nil if the build has none
	Tables  Tables       // of job with a postgres:// address; nil if the build has none
	Formats jobs.Formats // of files of job
}

func (p Parts) commands() []command {
	return []command{
		{"compare", "compare embedders side by side: quality, speed and cost", p.compare},
		{"embed", "embed lines of text, by any provider", p.embed},
		{"job", "embed files of any size or tables, and go on after a stop", p.job},
		{"check", "ask a live service whether it does what a reference and the catalog say", p.check},
		{"providers", "list every provider and model, with limits and prices", listProviders},
		{"serve", "serve embedders over HTTP, to any client of OpenAI and others", p.serveModels},
		{"emulate", "serve a provider's API on this machine, with its limits and errors", emulate},
		{"completion", "print what makes bash, zsh or fish complete commands and flags", p.completion},
		{"version", "print the version of this program", version},
	}
}

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// usageError is a wrong call; the program then exits with 2.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Main runs the command that the program's arguments name, and ends the program with its exit code.
func Main(parts Parts) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the program at once
	os.Exit(parts.run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// screen is where a terminal may be. It shows the names and words of documents, files and providers
// in a form that the terminal does not act on. It is safe for concurrent use.
type screen struct {
	mu sync.Mutex
	to plain.Writer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to.Write(p)
}

// run runs the command that args name and returns the exit code.
func (p Parts) run(ctx context.Context, args []string, std streams) int {
	if p.Providers == nil {
		p.Providers = builtin()
	}
	std.err = &screen{to: plain.Writer{W: std.err}}
	if f, ok := std.out.(*os.File); len(args) == 0 || args[0] != "embed" || ok && term.IsTerminal(int(f.Fd())) {
		std.out = &screen{to: plain.Writer{W: std.out}} // embed's vectors are data
	}
	if len(args) == 0 {
		p.help(std.err)
		return 2
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		if len(args) == 1 {
			p.help(std.out)
			return 0
		}
		args = append(args[1:], "-h")
	case "-version", "--version":
		args = []string{"version"}
	}
	for _, c := range p.commands() {
		if c.name != args[0] {
			continue
		}
		err := c.run(ctx, args[1:], std)
		if err == nil || errors.Is(err, flag.ErrHelp) {
			return 0
		}
		fmt.Fprintf(std.err, "vecspace %s: %v\n", c.name, err)
		if _, wrong := errors.AsType[usageError](err); wrong {
			return 2
		}
		if _, paused := errors.AsType[pausedError](err); paused {
			return 3
		}
		return 1
	}
	fmt.Fprintf(std.err, "vecspace: there is no command %q\n\n", args[0])
	p.help(std.err)
	return 2
}

func (p Parts) help(w io.Writer) {
	fmt.Fprint(w, "usage: vecspace COMMAND [ARGUMENTS]\n\n")
	for _, c := range p.commands() {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.does)
	}
	fmt.Fprint(w, "\n\"vecspace help COMMAND\" says more.\n")
}

// parse reads flags before and after the other arguments, and returns the others. A bad flag is a
// usage error, reported once and without the page of flags.
func parse(fs *flag.FlagSet, args []string, std streams) (rest []string, err error) {
	fs.SetOutput(io.Discard)
	usage := fs.Usage
	fs.Usage = func() {}
	for {
		err := fs.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			fs.SetOutput(std.out)
			usage()
			return nil, err
		}
		if err != nil {
			return nil, usageError{err}
		}
		if fs.NArg() == 0 {
			return rest, nil
		}
		rest = append(rest, fs.Arg(0))
		args = fs.Args()[1:]
	}
}
