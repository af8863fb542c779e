package check

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/vecspace/embedding"
)

// What is close enough.
const (
	exact  = 1e-6 // 1 - cosine of vectors that are one, but for the last digits
	steady = 1e-3 // 1 - cosine of one text's vectors in two requests
	unit   = 0.01 // of a length from 1: vectors in few bits are off by less
)

// alike reports whether two vectors are one, given how much a text's vector changes by itself.
func (c *Check) alike(a, b []float32) bool { return apart(a, b) <= max(exact, 10*c.noise) }

func cosine(distance float64) string { return fmt.Sprintf("cosine %.7f", 1-distance) }

// base64AtOnce is base64 unless the vectors have another length than the provider takes.
func (c *Check) base64AtOnce(ctx context.Context) error {
	err := c.base64(ctx)
	if err != nil && !saysNothing(err) {
		return nil
	}
	return err
}

// base64 compares vectors in base64 with those in numbers.
func (c *Check) base64(ctx context.Context) error {
	if _, err := c.one(ctx, c.e, sentences[0]); err != nil && saysNothing(err) {
		return err
	}
	f := Finding{Check: "base64", Says: "asked for"}
	asked, packed := c.tape.askedFor64(), c.e
	if !asked {
		var err error
		if packed, err = c.open(map[string]string{"encoding_format": "base64"}); err != nil {
			c.add(Finding{Check: "base64", Verdict: NotApplicable, Found: "this provider does not ask for it"})
			return nil
		}
		f.Says = "not asked for"
	}
	plain, err := c.numbers(ctx)
	if err != nil {
		return err
	}
	v, err := c.one(ctx, packed, sentences[0])
	_, came := c.tape.vector()
	f.Verdict = Agrees
	switch {
	case err != nil && saysNothing(err):
		return err
	case err != nil:
		f.Verdict, f.Found, f.Reason = NotStated, "refused", reason(err)
		if errors.Is(err, embedding.Malformed) {
			f.Verdict, f.Found = Differs, "no vectors that can be read"
		}
	case !came:
		f.Verdict, f.Found = NotStated, "ignored: numbers come"
		if asked {
			f.Verdict = Differs
		}
	case slices.Equal(v, plain[0]):
		f.Found = "the same bits as numbers"
	case apart(v, plain[0]) <= max(exact, 10*apart(plain[0], plain[1])):
		f.Found = "as numbers but for the last digits"
	default:
		f.Verdict, f.Found = Differs, "other vectors than as numbers: "+cosine(apart(v, plain[0]))
	}
	if f.Verdict == Differs && asked && c.offers("encoding_format", "float") {
		f.Options = c.fix(map[string]string{"encoding_format": "float"})
		if c.e, err = c.open(nil); err != nil {
			return err
		}
	}
	c.add(f)
	return nil
}

// numbers asks twice for the vector of one text, without base64.
func (c *Check) numbers(ctx context.Context) (v [2][]float32, err error) {
	c.tape.plainly(true)
	defer c.tape.plainly(false)
	for i := range v {
		if v[i], err = c.one(ctx, c.e, sentences[0]); err != nil {
			return v, err
		}
	}
	return v, nil
}

// dimensions compares the length of vectors: the default, and the others that the catalog has.
func (c *Check) dimensions(ctx context.Context) error {
	f := Finding{Check: "dimensions", Says: "unknown", Verdict: Agrees}
	want := c.model.Dimensions
	if want > 0 {
		f.Says = number(want)
	}
	v, err := c.one(ctx, c.e, sentences[0])
	if err != nil && saysNothing(err) {
		return err
	}
	got := c.length(v)
	f.Found = number(got)
	_, stretched := errors.AsType[*embedding.LengthError](err)
	switch {
	case got == 0:
		f.Verdict, f.Found, f.Reason = Differs, "no vectors that can be read", reason(err)
		c.add(f)
		return fatalError{errors.New("the answers have no vectors that can be read")}
	case want == 0:
		f.Verdict, f.Options = NotStated, c.option("native_dimensions", got)
		if c.e, err = c.open(nil); err != nil {
			return err
		}
	case got != want:
		f.Verdict = Differs
		if f.Options = c.otherLength(ctx, got); f.Options == nil {
			f.Reason = "no option makes that right"
			if err != nil {
				f.Reason += ": " + reason(err)
			}
			c.add(f)
			return fatalError{fmt.Errorf("vectors of %d dimensions are refused", got)}
		}
	case stretched:
		c.add(f)
		return c.notUnit(ctx, err)
	case err != nil:
		f.Verdict, f.Reason = Differs, reason(err)
	}
	c.add(f)
	for _, n := range c.lengths() {
		if err := c.otherDimensions(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// length returns the dimensions of a vector, or those that came if the provider refused it.
func (c *Check) length(v []float32) int {
	if v != nil {
		return len(v)
	}
	n, _ := c.tape.vector()
	return n
}

// option notes an option with a number, if the provider has it.
func (c *Check) option(name string, n int) map[string]string {
	if !c.offers(name, number(n)) {
		return nil
	}
	return c.fix(map[string]string{name: number(n)})
}

// otherLength returns the options by which the provider takes vectors of n dimensions, nil if there
// are none.
func (c *Check) otherLength(ctx context.Context, n int) map[string]string {
	for _, options := range []map[string]string{
		{"native_dimensions": number(n), "dimensions": ""}, {"dimensions": number(n)},
	} {
		e, err := c.open(options)
		if err != nil {
			continue
		}
		if _, err := c.one(ctx, e, sentences[0]); err == nil {
			c.e = e
			return c.fix(options)
		}
	}
	return nil
}

// notUnit deals with vectors that the provider refuses for their length.
func (c *Check) notUnit(ctx context.Context, err error) error {
	f := Finding{Check: "unit length", Says: "unit length", Verdict: Differs, Reason: reason(err)}
	if l, ok := errors.AsType[*embedding.LengthError](err); ok {
		f.Found = fmt.Sprintf("length %.4g", l.Got)
	}
	options := map[string]string{"unnormalized": "true"}
	if e, opened := c.open(options); opened == nil {
		if _, err := c.one(ctx, e, sentences[0]); err == nil {
			f.Options, c.e = c.fix(options), e
			c.add(f)
			return nil
		}
	}
	c.add(f)
	return fatalError{errors.New("vectors without unit length are refused")}
}

// between is a length that many models were trained for.
const between = 256

// lengths returns those that the catalog states besides the reference's own: all, or the least, the
// greatest and one between.
func (c *Check) lengths() []int {
	d := c.entry.Dimensions
	all := slices.Clone(d.OneOf)
	if all == nil && d.Max > d.Min {
		all = []int{d.Min, min(max(d.Min, between), d.Max), d.Max}
	}
	return slices.DeleteFunc(slices.Compact(all), func(n int) bool { return n == c.model.Dimensions || !c.offers("dimensions", number(n)) })
}

func (c *Check) otherDimensions(ctx context.Context, n int) error {
	f := Finding{Check: fmt.Sprintf("dimensions %d", n), Says: "offered", Found: "made", Verdict: Agrees}
	e, err := c.open(map[string]string{"dimensions": number(n)})
	if err != nil {
		return err
	}
	v, err := c.one(ctx, e, sentences[0])
	switch got := c.length(v); {
	case err == nil:
		if n >= 8 && (c.shortest == 0 || n < c.shortest) {
			c.shortest = n
		}
	case ctx.Err() != nil:
		return err
	case saysNothing(err):
		f.Verdict, f.Found, f.Reason = NotAsked, "", reason(err)
	case got > 0 && got != n:
		f.Verdict, f.Found, f.Reason = Differs, fmt.Sprintf("ignored: %d come", got), reason(err)
	default:
		f.Verdict, f.Found, f.Reason = Differs, "refused", reason(err)
	}
	c.add(f)
	return nil
}

// repeatability asks for one text twice.
func (c *Check) repeatability(ctx context.Context) error {
	a, err := c.one(ctx, c.e, sentences[0])
	if err != nil {
		return err
	}
	b, err := c.one(ctx, c.e, sentences[0])
	if err != nil {
		return err
	}
	f := Finding{Check: "repeatability", Says: "a text has one vector", Found: "the same bits", Verdict: Agrees}
	if c.noise = apart(a, b); !slices.Equal(a, b) {
		f.Found = "not bit for bit: " + cosine(c.noise)
	}
	if c.noise > steady {
		f.Verdict, f.Reason = Differs, "the same text gets another vector each time, so a cached vector and a new one do not fit"
	}
	c.add(f)
	return nil
}

// order compares texts in one request with the same texts alone.
func (c *Check) order(ctx context.Context) error {
	f := Finding{Check: "order", Says: "that of the texts", Found: "that of the texts", Verdict: Agrees}
	n := len(sentences)
	if l := c.model.Limits.Texts; l > 0 {
		n = min(n, l)
	}
	if n == 1 {
		f.Verdict, f.Found = NotApplicable, "a request has one text"
		c.add(f)
		return nil
	}
	together, err := c.ask(ctx, c.e, embedding.TaskDocument, sentences[:n]...)
	if err != nil {
		return err
	}
	alone := make([][]float32, n)
	for i := range alone {
		if alone[i], err = c.one(ctx, c.e, sentences[i]); err != nil {
			return err
		}
	}
	worst := 0.0
	for i, v := range together.Vectors {
		nearest := 0
		for j := range alone {
			if apart(v, alone[j]) < apart(v, alone[nearest]) {
				nearest = j
			}
		}
		if nearest != i && f.Verdict == Agrees {
			f.Verdict, f.Found = Differs, fmt.Sprintf("row %d has the vector of text %d", i, nearest)
		}
		worst = max(worst, apart(v, alone[i]))
	}
	if f.Verdict == Agrees && worst > 0 {
		f.Found += "; alone and together " + cosine(worst)
		if worst > max(steady, 10*c.noise) {
			f.Verdict, f.Reason = Differs, "a text has another vector beside other texts than alone"
		}
	}
	c.add(f)
	return nil
}

// roles compares a text as a query with the same text as a document.
func (c *Check) roles(ctx context.Context) error {
	document, err := c.one(ctx, c.e, sentences[0])
	if err != nil {
		return err
	}
	res, err := c.ask(ctx, c.e, embedding.TaskQuery, sentences[0])
	if err != nil {
		return err
	}
	query := res.Vectors[0]
	same := c.alike(document, query)
	symmetric := c.e.Model().Symmetric
	f := Finding{Check: "roles", Says: "queries differ", Found: cosine(apart(document, query)), Verdict: Agrees}
	if symmetric {
		f.Says = "make no difference"
	}
	if same != symmetric {
		f.Verdict = Differs
	}
	switch {
	case same:
		f.Found = "make no difference"
		if !symmetric && c.offers("plain", "true") {
			f.Options = c.fix(map[string]string{"plain": "true"})
			if c.e, err = c.open(nil); err != nil {
				return err
			}
		}
	case symmetric:
		f.Reason = "a text as a query has another vector than as a document"
	}
	c.add(f)
	return nil
}

// unitLength looks at all vectors so far.
func (c *Check) unitLength(context.Context) error {
	f := Finding{Check: "unit length", Says: "not said", Found: "unit length", Verdict: NotStated}
	made := math.Abs(c.least-1) <= unit && math.Abs(c.most-1) <= unit
	if !made {
		f.Found = fmt.Sprintf("lengths from %.4g to %.4g", c.least, c.most)
	}
	switch {
	case c.most == 0:
		return errors.New("no vector came")
	case c.model.Normalized:
		f.Says, f.Verdict = "unit length", Agrees
		if !made {
			f.Verdict = Differs
		}
	}
	c.add(f)
	return nil
}
