package command

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/check"
	"github.com/vecspace/embedding/middleware"
)

const checkUsage = `usage: vecspace check REFERENCE [FLAGS]

Asks the service itself whether it does what REFERENCE and our catalog say: key and region, model,
dimensions, base64, repeatability, order, roles, unit length, usage, texts of a request, the longest
text, and the headers of limits. It first says what that costs, usually a tenth of a cent, and asks
on a terminal whether to go on:

  vecspace check openai:text-embedding-3-small
  vecspace check 'openai:my-model?base_url=http://localhost:8080/v1' -json

It then prints what agrees and what does not, with the reference that is right where options can
make it so. -json prints the same as JSON, with neither the key nor a text, for a report about the
service: the sentences in it are the service's own. The host, and the limits that your account has
by the headers, are in it.

The program exits with 0 if everything agrees or is not stated anywhere, and with 1 if something
differs or could not be asked. Ctrl-C prints what is known.

`

// checkFlags are the arguments of check.
type checkFlags struct {
	reference string
	json, yes bool
	budget    sum
}

func readCheckFlags(args []string, std streams) (f checkFlags, err error) {
	fs := flag.NewFlagSet("vecspace check", flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), checkUsage)
		fs.PrintDefaults()
	}
	fs.BoolVar(&f.json, "json", false, "print a JSON object instead of a table")
	fs.BoolVar(&f.yes, "yes", false, "go on without asking")
	fs.Func("budget", "spend at most this, such as `0.05USD` (default a cent)", func(s string) (err error) {
		f.budget, err = readSum(s)
		return err
	})
	references, err := parse(fs, args, std)
	switch {
	case err != nil:
		return f, err
	case len(references) != 1:
		return f, usagef("one reference is needed, such as openai:text-embedding-3-small, and there are %d", len(references))
	}
	f.reference = references[0]
	return f, nil
}

func (p Parts) check(ctx context.Context, args []string, std streams) error {
	f, err := readCheckFlags(args, std)
	if err != nil {
		return err
	}
	w := &waits{say: func(line string) { fmt.Fprintln(std.err, "vecspace check: "+line) }}
	defer w.end()
	c, err := check.New(f.reference, check.Options{
		Providers: w.table(p.Providers), Budget: f.budget.amount,
		Around: func(next embedding.Embedder) embedding.Embedder {
			return embedding.Chain(next, middleware.Retry(middleware.RetryOptions{Attempts: 3, Budget: time.Minute}), middleware.Timeout(time.Minute))
		},
	})
	if errors.Is(err, embedding.Invalid) {
		return usageError{err}
	} else if err != nil {
		return err
	}
	plan := c.Plan()
	switch want := f.budget.currency; {
	case f.budget.amount > 0 && plan.Price == 0:
		return usagef("-budget: the price of %s is unknown or nothing, so no budget can be kept", f.reference)
	case want != "" && want != plan.Currency:
		return usagef("-budget is in %s, and the price of %s is in %s", want, f.reference, plan.Currency)
	}
	fmt.Fprintf(std.err, "vecspace check: %s\n", f.price(plan))
	if !plan.Free && !f.yes {
		if err := confirm(ctx, std); err != nil {
			return err
		}
	}
	r := c.Run(ctx)
	r.Program, r.Asked = programVersion(), time.Now().UTC().Format(time.DateOnly)
	write := r.Text
	if f.json {
		write = r.JSON
	}
	if err := write(std.out); err != nil {
		return err
	}
	switch different, unasked := r.Count(check.Differs), r.Count(check.NotAsked); {
	case r.Interrupted:
		return errors.New("interrupted: what is known is printed")
	case different > 0 && unasked > 0:
		return fmt.Errorf("%d differ and %d could not be asked", different, unasked)
	case different > 0:
		return fmt.Errorf("%d differ", different)
	case unasked > 0:
		return fmt.Errorf("%d could not be asked", unasked)
	}
	return nil
}

// price says what a check costs.
func (f checkFlags) price(p check.Plan) string {
	at := p.Endpoint
	if at == "" {
		at = "this process"
	}
	asks := fmt.Sprintf("asks %s at %s for about %d tokens", f.reference, at, p.Tokens)
	switch {
	case p.Free:
		return asks + ", which costs nothing"
	case p.Price == 0:
		return asks + ", whose price is not known"
	}
	return fmt.Sprintf("%s, %s; it stops at %g %s (-budget)", asks, check.Money(p.Price, p.Currency), p.Budget, p.Currency)
}

// confirm asks on a terminal whether to go on.
func confirm(ctx context.Context, std streams) error {
	in, ok := std.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return usagef("that costs money: add -yes to go on")
	}
	fmt.Fprint(std.err, "Go on? [y/N] ")
	return agreed(ctx, in)
}

// agreed returns an error unless the next line says yes.
func agreed(ctx context.Context, in io.Reader) error {
	line := make(chan string, 1)
	go func() { // it ends with the line, or with the program
		said, _ := bufio.NewReader(in).ReadString('\n')
		line <- said
	}()
	select {
	case <-ctx.Done():
		return errors.New("interrupted: nothing was asked")
	case said := <-line:
		switch strings.ToLower(strings.TrimSpace(said)) {
		case "y", "yes":
			return nil
		}
		return errors.New("nothing was asked")
	}
}
