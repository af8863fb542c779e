// Command vecspace is the framework's command line.
//
//	vecspace compare REFERENCE…  compares embedders side by side: quality, speed and cost
//	vecspace embed REFERENCE     embeds the lines of its input, and writes a JSON line for each
//	vecspace providers           lists every provider and model, with limits, prices and what was not verified
//	vecspace emulate SERVICE     serves a provider's API on this machine, with its limits and errors
//
// "vecspace COMMAND -h" lists a command's flags. It exits with 0, with 2 where it was called wrongly, else with 1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// command is one word after the program's name.
type command struct {
	name, does string
	run        func(ctx context.Context, args []string, std streams) error
}

func commands() []command {
	return []command{
		{"compare", "compare embedders side by side: quality, speed and cost", compare},
		{"embed", "embed lines of text, by any provider", embed},
		{"providers", "list every provider and model, with limits and prices", listProviders},
		{"emulate", "serve a provider's API on this machine, with its limits and errors", emulate},
	}
}

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// usageError is a call that cannot be meant; it exits with 2.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// run runs the command that args name and returns the exit code.
func run(ctx context.Context, args []string, std streams) int {
	if len(args) == 0 {
		help(std.err)
		return 2
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		help(std.out)
		return 0
	}
	for _, c := range commands() {
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
		return 1
	}
	fmt.Fprintf(std.err, "vecspace: there is no command %q\n\n", args[0])
	help(std.err)
	return 2
}

func help(w io.Writer) {
	fmt.Fprint(w, "usage: vecspace COMMAND [ARGUMENTS]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.does)
	}
	fmt.Fprint(w, "\n\"vecspace COMMAND -h\" says more.\n")
}

// parse reads flags, before and after the other arguments, which it returns. What is wrong with a flag is a usage error,
// said once and without the page of flags.
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
