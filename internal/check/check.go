package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/floats"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/ref"
)

// Options configure [New]. The zero value asks with the providers of this module.
type Options struct {
	Providers providers.Table // nil means providers.Builtin()
	// Budget is the most to spend, in the currency of the model's price. 0 means about a cent. Without
	// a known price there is no budget.
	Budget float64
	// Around goes around every provider that is asked. It may retry; it must not split or cache.
	Around embedding.Middleware
	Each   func(Finding) // hears of each finding at once; may be nil
}

// Check asks one reference's service. It may run once, by one goroutine.
type Check struct {
	options Options
	ref     ref.Ref
	entry   catalog.Entry // zero if the catalog does not have the model
	e       embedding.Embedder
	model   embedding.Model
	tape    *tape
	right   map[string]string // the options that make the reference right
	plan    Plan
	report  Report

	tokens      float64 // of all requests so far, counted or estimated
	perWord     float64 // tokens; 0 is not measured yet
	fixed       float64 // tokens of a text besides its words
	unmetered   bool    // the service does not count tokens
	least, most float64 // lengths of the vectors so far
	noise       float64 // 1 - cosine of a text's vectors in two requests
	shortest    int     // the fewest dimensions that the service was seen to make
}

// New opens a reference without I/O. Its errors are those of [providers.Open].
func New(reference string, o Options) (*Check, error) {
	if o.Providers == nil {
		o.Providers = providers.Builtin()
	}
	if _, err := o.Providers.Open(reference); err != nil {
		return nil, err
	}
	r, err := ref.Parse(reference)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport
	if t, ok := transport.(*http.Transport); ok {
		own := t.Clone()
		own.DisableCompression = true // the tape reads what comes
		transport = own
	}
	c := &Check{options: o, ref: r, tape: &tape{next: transport}, right: map[string]string{}}
	if c.e, err = c.open(nil); err != nil {
		return nil, err
	}
	c.model = c.e.Model()
	c.entry = c.listed()
	if c.options.Budget == 0 {
		c.options.Budget = map[string]float64{"USD": 0.01, "EUR": 0.01, "CNY": 0.07}[c.model.Price.Currency]
	}
	c.report = Report{
		Reference: reference, Provider: c.model.Provider, Model: c.model.ID, Endpoint: c.model.Endpoint,
		Currency: c.model.Price.Currency,
	}
	c.plan = c.planned()
	return c, nil
}

// listed returns the catalog's entry of the model. A server at another address that a reference
// calls openai is none of OpenAI's.
func (c *Check) listed() catalog.Entry {
	id := cmp.Or(c.ref.Values["model"], c.ref.Model)
	for _, e := range providers.Catalog() {
		same := e.Provider == c.model.Provider || strings.HasPrefix(c.model.Provider, e.Provider+"@")
		if e.Provider == c.ref.Provider && (e.Model == id && same || e.Model == catalog.AnyModel) {
			return e
		}
	}
	return catalog.Entry{}
}

// own reports whether the catalog describes the model, and not only the server that serves it.
func (c *Check) own() bool { return c.entry.Model != "" && c.entry.Model != catalog.AnyModel }

// open opens the reference with other options, and with those that make it right.
func (c *Check) open(options map[string]string) (embedding.Embedder, error) {
	r := c.with(c.right, options)
	r.Client = &http.Client{Transport: c.tape}
	e, err := c.options.Providers[r.Provider](r)
	if err != nil {
		return nil, err
	}
	return embedding.Chain(embedding.Chain(e), c.options.Around), nil
}

// with returns the reference with other options. One that is "" is left out.
func (c *Check) with(options ...map[string]string) ref.Ref {
	r := c.ref
	r.Values = map[string]string{}
	maps.Copy(r.Values, c.ref.Values)
	for _, more := range options {
		maps.Copy(r.Values, more)
	}
	maps.DeleteFunc(r.Values, func(_, value string) bool { return value == "" })
	return r
}

// Plan is what a check will ask for.
type Plan struct {
	Endpoint string // "" for a model in this process
	// Tokens is about how many will be billed if all is as the reference says. A service that takes
	// more or less is asked more.
	Tokens   int
	Free     bool    // nothing is billed: the model has no price and its service wants no key
	Price    float64 // of Tokens; 0 is free or unknown
	Budget   float64 // what the check does not exceed; 0 is none
	Currency string
}

// Plan says what Run will ask for, without asking.
func (c *Check) Plan() Plan { return c.plan }

func (c *Check) planned() Plan {
	l := c.model.Limits
	tokens := 1_000.0
	if c.offers("max_texts", "1") {
		tokens += float64(cmp.Or(l.Texts, fewTexts))
	}
	if l.TextTokens > 0 {
		tokens += 2 * float64(l.TextTokens)
		if c.truncates() {
			tokens += 2 * over * float64(l.TextTokens)
		}
	} else {
		for _, guess := range guesses {
			tokens += 2 * over * guess
		}
	}
	p := c.model.Price
	return Plan{
		Endpoint: c.model.Endpoint, Tokens: int(tokens), Price: tokens * p.PerMillion / 1e6, Budget: c.options.Budget,
		Currency: p.Currency, Free: p.PerMillion == 0 && c.keyName() == "",
	}
}

// truncates reports whether the service is said to cut texts that are too long.
func (c *Check) truncates() bool { return c.entry.Cuts || c.ref.Values["truncate"] == "true" }

// keyName returns the variable of the key, "" if none is asked for.
func (c *Check) keyName() string {
	if c.ref.Provider == "openai" && c.ref.Values["base_url"] == "" { // also at the address of OPENAI_BASE_URL
		return cmp.Or(c.ref.Values["key_env"], openai.KeyVariable)
	}
	return cmp.Or(c.ref.Values["key_env"], c.entry.Key)
}

// step is a part of a check. It returns what it found; an error is why it found nothing more.
type step struct {
	name string
	run  func(context.Context) error
}

// Run asks the service and returns what it found. If ctx ends, the rest is [NotAsked].
func (c *Check) Run(ctx context.Context) Report {
	steps := []step{
		{"key", c.access},
		{"base64", c.base64AtOnce}, // which may be what is wrong with all vectors
		{"dimensions", c.dimensions},
		{"base64", c.base64},
		{"repeatability", c.repeatability},
		{"order", c.order},
		{"roles", c.roles},
		{"unit length", c.unitLength},
		{"usage", c.usage},
		{"texts of a request", c.textsOfRequest},
		{"longest text", c.longestText},
		{"rate headers", c.rateHeaders},
	}
	var lost error // why no later step can be asked
	for _, s := range steps {
		if lost == nil {
			lost = ctx.Err()
		}
		if c.reported(s.name) {
			continue
		}
		if lost != nil {
			c.add(Finding{Check: s.name, Verdict: NotAsked, Reason: reason(lost)})
			continue
		}
		err := s.run(ctx)
		switch fatal, ok := errors.AsType[fatalError](err); {
		case ok:
			lost = fatal.error
		case errors.Is(err, embedding.Malformed):
			c.add(Finding{Check: s.name, Verdict: Differs, Found: "an answer that cannot be read", Reason: reason(err)})
		case err != nil:
			c.add(Finding{Check: s.name, Verdict: NotAsked, Reason: reason(err)})
		}
	}
	c.report.Tokens = int(c.tokens)
	c.report.Cost = c.tokens * c.model.Price.PerMillion / 1e6
	c.report.Interrupted = ctx.Err() != nil
	if len(c.right) > 0 {
		c.report.Right = c.with(c.right).String()
	}
	return c.report
}

// fatalError is a step's error that no later step can do anything about.
type fatalError struct{ error }

// reported reports whether there is a finding of a check.
func (c *Check) reported(name string) bool {
	return slices.ContainsFunc(c.report.Findings, func(f Finding) bool { return f.Check == name })
}

func (c *Check) add(f Finding) {
	c.report.Findings = append(c.report.Findings, f)
	if c.options.Each != nil {
		c.options.Each(f)
	}
}

// fix notes options that make the reference right, and returns those that it needs.
func (c *Check) fix(options map[string]string) map[string]string {
	maps.Copy(c.right, options)
	needed := maps.Clone(options)
	maps.DeleteFunc(needed, func(_, value string) bool { return value == "" })
	return needed
}

// offers reports whether the provider knows an option and takes this value.
func (c *Check) offers(name, value string) bool {
	_, err := c.open(map[string]string{name: value})
	return err == nil
}

// overBudget is the error of a request that is not made for what it would cost.
type overBudget struct{ words string }

func (e overBudget) Error() string { return e.words }

// mostTokens bounds a check of a service that has a price which nobody here knows.
const mostTokens = 200_000

// afford returns an error if a request of so many tokens is too much.
func (c *Check) afford(tokens float64) error {
	p := c.Plan()
	price := c.model.Price.PerMillion / 1e6
	switch {
	case p.Budget > 0 && (c.tokens+tokens)*price > p.Budget:
		return overBudget{fmt.Sprintf("a request of about %.0f tokens would cost %s, and %s of the budget is left: raise -budget",
			tokens, Money(tokens*price, p.Currency), Money(max(0, p.Budget-c.tokens*price), p.Currency))}
	case price == 0 && !p.Free && c.tokens+tokens > mostTokens:
		return overBudget{fmt.Sprintf("a request of about %.0f tokens is too much where the price is unknown", tokens)}
	}
	return nil
}

// ask embeds texts and counts what that costs. It knows the texts' tokens before it asks.
func (c *Check) ask(ctx context.Context, e embedding.Embedder, task embedding.Task, texts ...string) (embedding.Response, error) {
	estimate := c.estimate(texts)
	if err := c.afford(estimate); err != nil {
		return embedding.Response{}, err
	}
	c.report.Requests++
	res, err := e.Embed(ctx, embedding.Request{Texts: texts, Task: task})
	switch got, refused := errors.AsType[*embedding.Error](err); {
	case err == nil && res.Usage.Tokens > 0:
		c.tokens += float64(res.Usage.Tokens)
	case refused && got.Status >= 400 || e.Model().Endpoint == "": // costs nothing
	default:
		c.tokens += estimate
	}
	if err != nil {
		if end := ctx.Err(); end != nil {
			return res, end
		}
		return res, err
	}
	for _, v := range res.Vectors {
		n := floats.Norm(v)
		if c.most == 0 {
			c.least = n
		}
		c.least, c.most = min(c.least, n), max(c.most, n)
	}
	return res, nil
}

// one embeds one document.
func (c *Check) one(ctx context.Context, e embedding.Embedder, text string) ([]float32, error) {
	res, err := c.ask(ctx, e, embedding.TaskDocument, text)
	if err != nil {
		return nil, err
	}
	return res.Vectors[0], nil
}

// estimate returns the tokens of texts, as the service counts them once that is measured.
func (c *Check) estimate(texts []string) (tokens float64) {
	if c.perWord == 0 {
		return float64(embedding.EstimateTokens(texts...))
	}
	for _, text := range texts {
		tokens += c.fixed + c.perWord*float64(1+strings.Count(text, " "))
	}
	return tokens
}

// apart returns 1 - cosine in float64, because in float32 it is off by more than some services'
// noise. It returns 2 where there is none.
func apart(a, b []float32) float64 {
	if len(a) != len(b) {
		return 2
	}
	dot, squareA, squareB := 0.0, 0.0, 0.0
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		dot, squareA, squareB = dot+x*y, squareA+x*x, squareB+y*y
	}
	if squareA == 0 || squareB == 0 {
		return 2
	}
	return max(0, 1-dot/math.Sqrt(squareA*squareB))
}

// saysNothing reports whether an error tells nothing about the service's facts.
func saysNothing(err error) bool {
	if _, ok := errors.AsType[overBudget](err); ok {
		return true
	}
	switch embedding.KindOf(err) {
	case embedding.RateLimited, embedding.Unavailable, embedding.Exhausted, embedding.Auth:
		return true
	}
	_, ours := errors.AsType[*embedding.Error](err)
	return !ours
}

// reason returns an error in words, without what a report says once: provider, model and host. It
// leaves out the request's id, which is the account's own.
func reason(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	}
	if e, ok := errors.AsType[*embedding.Error](err); ok {
		bare := *e
		bare.Provider, bare.Model, bare.Endpoint, bare.RequestID, bare.RetryAfter = "", "", "", "", e.RetryAfter.Round(time.Second)
		return strings.TrimPrefix(bare.Error(), "embedding: ")
	}
	return err.Error()
}

func number(n int) string { return strconv.Itoa(n) }
