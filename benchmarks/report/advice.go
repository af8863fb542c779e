package report

import (
	"fmt"
	"slices"
	"strings"
)

// advice says in words which candidate to take for what, then what words alone and words beside
// meaning do on each task.
func (r *Report) advice() (out []string) {
	names := r.measured()
	switch len(names) {
	case 0:
		return []string{"No candidate has figures."}
	case 1:
		out = append(out, names[0]+" is the only candidate with figures.")
	default:
		out = append(out, r.take(names))
	}
	for _, t := range r.read() {
		out = append(out, r.words(t)...)
	}
	return out
}

// measured returns the candidates with a score on every task that could be read, the best first.
func (r *Report) measured() (out []string) {
	tasks := r.read()
	for _, c := range r.ranked() {
		if len(tasks) > 0 && !slices.ContainsFunc(tasks, func(t Task) bool { _, ok := t.score(c.Name); return !ok }) {
			out = append(out, c.Name)
		}
	}
	return out
}

// take is the sentence that says which candidate to take for what.
func (r *Report) take(names []string) string {
	var out clauses
	pool := names
	for _, t := range r.read() {
		top := t.top(names)
		out.add("quality on "+r.short(t), top, anyOf(top, names, "any of the"), t.alike(top))
		pool = slices.DeleteFunc(slices.Clone(pool), func(n string) bool { return !slices.Contains(top, n) })
	}
	if len(pool) < 2 {
		pool = names
	}
	rest := "any of the"
	if len(pool) < len(names) {
		rest = "any of these"
	}
	qualities := len(out)
	for _, f := range []struct {
		what string
		low  func(Candidate) (float64, bool)
		near float64 // figures up to so many times the lowest are alike
	}{
		{"latency", r.latency, noise},
		{"throughput", func(c Candidate) (float64, bool) { v, ok := r.rate(c); return 1 / v, ok }, noise},
		{"price", r.onePrice(pool), 1},
		{"size", func(c Candidate) (float64, bool) { return float64(c.VectorBytes), c.VectorBytes > 0 }, 1},
	} {
		who := r.lowest(pool, f.low, f.near)
		out.add(f.what, who, anyOf(who, pool, rest), "")
	}
	said := out.strings()
	if len(pool) < len(names) && qualities < len(said) {
		said[qualities] = fmt.Sprintf("among these %d, ", len(pool)) + said[qualities]
	}
	s := strings.Join(said, "; ") + "."
	return strings.ToUpper(s[:1]) + s[1:]
}

// clause says for what to take some candidates, and why it is several.
type clause struct {
	what    []string
	who     []string
	said    string
	because string
}

type clauses []clause

// add appends a clause, or adds to the one with the same candidates and reason.
func (cs *clauses) add(what string, who []string, said, because string) {
	if len(who) == 0 {
		return
	}
	for i := range *cs {
		if c := &(*cs)[i]; slices.Equal(c.who, who) && (c.because == because || because == "") {
			c.what = append(c.what, what)
			return
		}
	}
	*cs = append(*cs, clause{[]string{what}, who, said, because})
}

// strings returns the clauses in words. Tasks come last in each, so that nothing else seems to be
// one.
func (cs clauses) strings() (out []string) {
	const quality = "quality on "
	for i, c := range cs {
		var tasks, what []string
		for _, w := range c.what {
			if task, ok := strings.CutPrefix(w, quality); ok {
				tasks = append(tasks, task)
			} else {
				what = append(what, w)
			}
		}
		if len(tasks) > 0 {
			what = append(what, quality+list(tasks, "and"))
		}
		verb := ", "
		if i == 0 {
			verb = " take "
		}
		s := "for " + list(what, "and") + verb + c.said
		if c.because != "" {
			s += ": " + c.because
		}
		out = append(out, s)
	}
	return out
}

// anyOf names some of all candidates: a few by their names, most by those left out.
func anyOf(some, all []string, lead string) string {
	left := slices.DeleteFunc(slices.Clone(all), func(n string) bool { return slices.Contains(some, n) })
	switch {
	case len(some) > 2 && len(left) == 0:
		return fmt.Sprintf("%s %d", lead, len(all))
	case len(some) > 2 && len(left) < len(some) && len(left) < 3:
		return fmt.Sprintf("%s %d but %s", lead, len(all), list(left, "and"))
	}
	return list(some, "or")
}

// noise is how many times the lowest latency still counts as alike. It is a rule of thumb: speeds
// have no interval.
const noise = 1.25

// top returns the candidate with the highest score and those that cannot be told apart from it.
func (t Task) top(names []string) (out []string) {
	for _, w := range t.square() {
		if w.Kind == Model && slices.Contains(names, w.Candidate) && (len(out) == 0 || !t.better(out[0], w.Name)) {
			out = append(out, w.Name)
		}
	}
	return out
}

// alike says in what way the rows of top cannot be told apart.
func (t Task) alike(top []string) string {
	if len(top) < 2 {
		return ""
	}
	same, few := 0, 0
	for _, n := range top[1:] {
		switch d, ok := t.between(top[0], n); {
		case !ok:
		case d.verdict() == identical:
			same++
		case d.verdict() == tooFew:
			few++
		}
	}
	switch n := len(top) - 1; {
	case same == n:
		return "they are identical on every question"
	case few == n:
		return "they differ on too few questions to tell"
	case n == 1:
		return "they cannot be told apart"
	}
	return "none can be told apart from " + top[0] + ", the highest"
}

// onePrice returns the price of a candidate, unknown if the prices of these are in several
// currencies, which nobody can compare.
func (r *Report) onePrice(names []string) func(Candidate) (float64, bool) {
	seen := map[string]bool{}
	for _, c := range r.Candidates {
		if _, currency, _, known := c.million(); known && currency != "" && slices.Contains(names, c.Name) {
			seen[currency] = true
		}
	}
	return func(c Candidate) (float64, bool) {
		v, currency, _, known := c.million()
		return v, known && (currency == "" || len(seen) == 1)
	}
}

// lowest returns the candidates with the lowest figure and those alike, nil if all are alike or a
// figure is missing.
func (r *Report) lowest(names []string, of func(Candidate) (float64, bool), near float64) (out []string) {
	figures := map[string]float64{}
	var least float64
	for _, c := range r.Candidates {
		if v, ok := of(c); ok && slices.Contains(names, c.Name) {
			if len(figures) == 0 || v < least {
				least = v
			}
			figures[c.Name] = v
		}
	}
	for _, n := range names {
		if v, ok := figures[n]; ok && v <= least*near {
			out = append(out, n)
		}
	}
	if len(figures) < len(names) || len(out) == len(names) {
		return nil
	}
	return out
}

// words says which candidates are identical on a task, and compares them with words alone and with
// both fused by scores.
func (r *Report) words(t Task) (out []string) {
	on := "On " + r.short(t) + ", "
	for _, same := range t.identical() {
		out = append(out, on+list(same, "and")+" are identical on every question.")
	}
	floor, ok := t.floor()
	if !ok {
		return out
	}
	var all, above, helped, fused []string
	for _, w := range t.square() {
		if w.Kind != Model {
			continue
		}
		all = append(all, w.Name)
		if t.better(w.Name, floor.Name) {
			above = append(above, w.Name)
		}
		if f, ok := t.fused(w.Candidate, ByScores); ok {
			fused = append(fused, w.Name)
			if t.better(f.Name, w.Name) {
				helped = append(helped, w.Name)
			}
		}
	}
	if len(all) == 0 {
		return out
	}
	said := on + are(above, all) + " better than words alone (" + floor.Name + ")"
	if len(fused) > 0 {
		said += "; with words beside meaning (fused by scores), " + are(helped, fused) + " better than alone"
	}
	return append(out, said+".")
}

// identical returns the groups of candidates that are equal by the main metric on every question.
func (t Task) identical() (groups [][]string) {
	var done []string
	for _, a := range t.square() {
		group := []string{a.Name}
		for _, b := range t.square() {
			if d, ok := t.between(a.Name, b.Name); ok && d.verdict() == identical {
				group = append(group, b.Name)
			}
		}
		if len(group) > 1 && !slices.Contains(done, a.Name) {
			groups = append(groups, group)
			done = append(done, group...)
		}
	}
	return groups
}

// are names those of all candidates that are shown to be something, and the verb.
func are(shown, all []string) string {
	left := slices.DeleteFunc(slices.Clone(all), func(n string) bool { return slices.Contains(shown, n) })
	switch {
	case len(shown) == 0 && len(all) == 1:
		return all[0] + " is not shown to be"
	case len(shown) == 0:
		return "no candidate is shown to be"
	case len(shown) == 1:
		return shown[0] + " is"
	case len(left) == 0:
		return "every candidate is"
	case len(shown) > 2 && len(left) < len(shown) && len(left) < 3:
		return "every candidate but " + list(left, "and") + " is"
	}
	return list(shown, "and") + " are"
}

// short returns a task's name without what its sample is, if that still tells it from the others.
func (r *Report) short(t Task) string {
	name, _, _ := strings.Cut(t.Name, ", ")
	for _, other := range r.Tasks {
		if other.Name != t.Name && strings.HasPrefix(other.Name, name) {
			return t.Name
		}
	}
	return name
}

// list joins names as in a sentence.
func list(names []string, last string) string {
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " " + last + " " + names[n-1]
	}
	return strings.Join(names, "")
}
