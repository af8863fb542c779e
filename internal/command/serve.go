package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/vecspace/embedding/internal/whole"
	"github.com/vecspace/embedding/providers/emulator"
)

// grace is how long requests in flight may take after the emulator was asked to stop.
const grace = 2 * time.Second

// greet prints the emulator's address and how to use it, in one write: a script that waits for
// output can read all of it.
func (e *emulation) greet(w io.Writer, base string) error {
	s := e.service
	var b strings.Builder
	region := ""
	if s.region != "" {
		region = ", region " + s.region + ","
	}
	fmt.Fprintf(&b, "%s emulator%s at %s\n\n", s.title, region, base)
	key, err := s.goodKey(e.options)
	switch {
	case err != nil:
		fmt.Fprintf(&b, "  %v\n", err)
	case key != "" && s.key != "":
		fmt.Fprintf(&b, "  export %s=%s\n", s.key, key)
	}
	for _, at := range s.bases {
		fmt.Fprintf(&b, "  export %s=%s%s\n", at.variable, base, at.path)
	}
	fmt.Fprintf(&b, "  vecspace embed '%s'\n\n", s.try(base))
	if e.options.Control {
		fmt.Fprintf(&b, "ledger, faults, settings: %s%s{ledger,faults,settings}\n", base, emulator.ControlPath)
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// serve serves until ctx ends, and then gives requests under way some time to finish. It ends at
// once when killed.
func serve(ctx context.Context, l net.Listener, h http.Handler, killed <-chan struct{}, stderr io.Writer) error {
	base, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	var under sync.WaitGroup // requests under way: the ledger is complete once they have ended
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			under.Add(1)
			defer under.Done()
			h.ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return base },
		ErrorLog:          log.New(stderr, "vecspace emulate: ", 0),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-killed:
		_ = server.Close()
		return errors.New("the fault kill took the emulator down")
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(base, grace)
	defer cancel()
	if err := server.Shutdown(end); err != nil {
		abandon() // requests that hang or are slow on purpose
		_ = server.Close()
		under.Wait()
	}
	return nil
}

// report prints the ledger for people and writes it for programs.
func (e *emulation) report(w io.Writer, l emulator.Ledger) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\nrequests\t%d\tat most %d at a time\n", l.Requests, l.MaxInFlight)
	for _, status := range slices.Sorted(maps.Keys(l.Answers)) {
		what := http.StatusText(status)
		if status == 0 {
			what = "no or half an answer"
		}
		fmt.Fprintf(t, "  %03d\t%d\t%s\n", status, l.Answers[status], what)
	}
	fmt.Fprintf(t, "billed requests\t%d\n", l.Billed)
	fmt.Fprintf(t, "billed texts\t%d\t%d different, %d of them more than once\n", l.Texts, l.Distinct, l.Twice)
	fmt.Fprintf(t, "  lost\t%d\tbilled, but the connection ended before the answer\n", l.Lost)
	fmt.Fprintf(t, "  spoiled\t%d\tbilled, but a fault made the answer useless\n", l.Spoiled)
	fmt.Fprintf(t, "  repeated\t%d\tbilled, but delivered before\n", l.Repeated)
	fmt.Fprintf(t, "billed tokens\t%d\n", l.Tokens)
	for _, name := range slices.Sorted(maps.Keys(l.Faults)) {
		fmt.Fprintf(t, "fault %s\t%d\n", name, l.Faults[name])
	}
	err := t.Flush()
	if e.ledger == "" {
		return err
	}
	text, err2 := json.MarshalIndent(l, "", "  ")
	if err2 == nil {
		err2 = whole.Write(e.ledger, append(text, '\n'))
	}
	return errors.Join(err, err2)
}
