package command

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/vecspace/embedding/benchmarks"
	"github.com/vecspace/embedding/internal/plain"
)

// progress shows how far a comparison is: on a terminal one line that is redrawn, anywhere else a
// new line now and then.
type progress struct {
	mu       sync.Mutex
	out      io.Writer
	terminal bool
	width    func() int // columns of the terminal
	now      func() time.Time

	step  benchmarks.Progress
	begin time.Time // of the step
	base  int       // done when the step began
	last  time.Time // when something was printed
	drawn int       // width of the text on the terminal's line
}

func newProgress(out io.Writer) *progress {
	if s, ok := out.(*screen); ok {
		out = s.to.W
	}
	f, ok := out.(*os.File)
	width := func() int {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w
		}
		return 80
	}
	return &progress{out: out, terminal: ok && term.IsTerminal(int(f.Fd())), width: width, now: time.Now}
}

// hear shows a step's state. It is safe for concurrent use.
func (p *progress) hear(s benchmarks.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	fresh := s.Candidate != p.step.Candidate || s.Step != p.step.Step
	if fresh {
		p.finish()
		p.begin, p.base = now, s.Done
	}
	p.step = s
	wait := 10 * time.Second
	if p.terminal {
		wait = 100 * time.Millisecond
	}
	if done := s.Done >= s.Total; !fresh && !done && now.Sub(p.last) < wait || fresh && done && !p.terminal {
		return
	}
	p.last = now
	p.show(p.line(now))
}

// redraw shows a line as [progress.show] does. It is safe for concurrent use.
func (p *progress) redraw(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.show(line)
}

// show shows a line, on a terminal instead of the last one.
func (p *progress) show(line string) {
	line = plain.Visible(line)
	if !p.terminal {
		fmt.Fprintln(p.out, line)
		return
	}
	runes := []rune(line)
	if most := p.width() - 1; len(runes) > most { // a line that wraps cannot be redrawn
		runes = append(runes[:max(most-1, 0)], '…')
	}
	pad := max(p.drawn-len(runes), 0)
	fmt.Fprintf(p.out, "\r%s%s", string(runes), strings.Repeat(" ", pad))
	p.drawn = len(runes)
}

// bar draws a share in 20 places.
func bar(done, total int) string {
	full := 20
	if total > 0 {
		full = min(max(20*done/total, 0), 20)
	}
	return "[" + strings.Repeat("#", full) + strings.Repeat("-", 20-full) + "]"
}

// line returns the state in words: how much is done, how fast, and how long the rest takes.
func (p *progress) line(now time.Time) string {
	s := p.step
	count := fmt.Sprintf("%d of %d", s.Done, s.Total)
	if s.Recorded > 0 {
		count += fmt.Sprintf(" (%d recorded before)", s.Recorded)
	}
	took := now.Sub(p.begin).Seconds()
	if fresh := s.Done - p.base; fresh > 0 && took > 0 && s.Done < s.Total {
		rate := float64(fresh) / took
		left := time.Duration(float64(s.Total-s.Done) / rate * float64(time.Second))
		count += fmt.Sprintf(", %.1f/s, %s left", rate, left.Round(time.Second))
	}
	if p.terminal { // the name comes last, where a narrow terminal cuts
		return fmt.Sprintf("%s %s  %s, %s", bar(s.Done, s.Total), count, s.Candidate, s.Step)
	}
	return fmt.Sprintf("%s, %s: %s", s.Candidate, s.Step, count)
}

// finish ends the terminal's line.
func (p *progress) finish() {
	if p.terminal && p.drawn > 0 {
		fmt.Fprintln(p.out)
		p.drawn = 0
	}
}

// say prints a line of its own.
func (p *progress) say(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finish()
	fmt.Fprintln(p.out, plain.Visible(line))
}

func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finish()
}

// showEstimate prints what a run will send and its estimated cost, before anything is sent.
func showEstimate(w io.Writer, e benchmarks.Estimate, o benchmarks.Options) {
	for _, c := range e.Candidates {
		switch {
		case c.Failure != "":
			fmt.Fprintf(w, "%s will not run: %s\n", c.Name, c.Failure)
			continue
		case o.Offline:
			fmt.Fprintf(w, "%s: %d answers recorded, no call\n", c.Name, c.Recorded)
			continue
		}
		fmt.Fprintf(w, "%s: %d texts to send, %d recorded; about %d tokens, %s\n", c.Name, c.Texts-c.SpeedTexts, c.Recorded, c.Tokens-c.SpeedTokens, cost(c, c.Sum-c.SpeedSum))
		if c.SpeedTexts > 0 {
			fmt.Fprintf(w, "%s: at most %d texts more to measure its speed (-no-speed leaves them out); about %d tokens, %s\n",
				c.Name, c.SpeedTexts, c.SpeedTokens, cost(c, c.SpeedSum))
		}
	}
	var currencies []string
	for currency := range e.Sums {
		currencies = append(currencies, currency)
	}
	slices.Sort(currencies)
	for _, currency := range currencies {
		line := fmt.Sprintf("at most about %.4f %s in all", e.Sums[currency], currency)
		if most, ok := o.Budgets[currency]; ok {
			line += fmt.Sprintf("; the budget is %.4f %s", most, currency)
			if e.Sums[currency] > most {
				line += ", so it may stop half way"
			}
		}
		fmt.Fprintln(w, line)
	}
}

// cost says what a sum of a candidate's is, at what price.
func cost(c benchmarks.CandidateEstimate, sum float64) string {
	switch {
	case c.Local:
		return "local"
	case c.Price.PerMillion > 0:
		return fmt.Sprintf("about %.4f %s at %g %s a million tokens as of %s", sum, c.Price.Currency, c.Price.PerMillion, c.Price.Currency, c.Price.AsOf)
	}
	return "price unknown"
}
