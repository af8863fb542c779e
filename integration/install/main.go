// Command install installs the servers and clients that the integration tests run against. See the
// README one folder up.
//
//	go run ./install [-slow] [-dir DIR] [NAME...]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/vecspace/embedding/integration/internal/kit"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "install:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("install", flag.ContinueOnError)
	slow := flags.Bool("slow", false, "also what takes minutes to compile, here or in the tests that use it")
	dir := flags.String("dir", "", "the cache directory; the tests look there if $"+kit.CacheVariable+" names it (default: that variable, or a folder of the user's cache)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	for _, name := range flags.Args() {
		if _, err := kit.Find(name); err != nil {
			return err
		}
	}
	cache := *dir
	if cache == "" {
		var err error
		if cache, err = kit.Cache(); err != nil {
			return err
		}
	}
	from := time.Now()
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex // guards out and failed
		failed error
		room   = make(chan struct{}, 3) // it is the network that takes the time
	)
	for _, r := range kit.Recipes() {
		wanted := slices.Contains(flags.Args(), r.Name)
		if flags.NArg() == 0 {
			wanted = !r.ByName && (!r.Slow || *slow)
		}
		if !wanted {
			continue
		}
		wg.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			res, err := kit.Install(ctx, cache, r)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				failed = errors.Join(failed, err)
			case res.Already:
				fmt.Fprintf(out, "%-9s %-14s is there\n", r.Name, r.Version)
			default:
				fmt.Fprintf(out, "%-9s %-14s installed in %.1f s, %d MB\n", r.Name, r.Version, res.Took.Seconds(), kit.Size(res.Dir)>>20)
			}
		})
	}
	wg.Wait()
	if failed != nil {
		return failed
	}
	fmt.Fprintf(out, "All in %s after %.1f s.\n", cache, time.Since(from).Seconds())
	return nil
}
