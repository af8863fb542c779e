package command

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
)

func version(_ context.Context, args []string, std streams) error {
	fs := flag.NewFlagSet("vecspace version", flag.ContinueOnError)
	fs.Usage = func() { fmt.Fprint(fs.Output(), "usage: vecspace version\n") }
	rest, err := parse(fs, args, std)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("unexpected argument %q", rest[0])
	}
	_, err = fmt.Fprintf(std.out, "vecspace %s, %s, %s/%s\n", programVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// stamped is the version that the linker sets where there is no repository to take it from, as in
// the Dockerfile; "" otherwise.
var stamped string

// programVersion returns the version of the main module, and the commit if it is known.
func programVersion() string {
	if stamped != "" {
		return stamped
	}
	said := "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok {
		said = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				said += " " + s.Value
			}
		}
	}
	return said
}
