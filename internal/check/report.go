package check

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Verdict is what became of a fact.
type Verdict string

// The verdicts.
const (
	Agrees        Verdict = "agrees"
	Differs       Verdict = "differs"
	NotStated     Verdict = "not stated"     // neither the reference nor the catalog says anything
	NotApplicable Verdict = "not applicable" // the provider cannot be asked for it
	NotAsked      Verdict = "not asked"      // it could not be asked; Reason says why
)

// Finding is one fact: what is said about it and what the service does.
type Finding struct {
	Check   string            `json:"check"`
	Verdict Verdict           `json:"verdict"`
	Says    string            `json:"says,omitempty"`    // the reference, or the catalog for it
	Found   string            `json:"found,omitempty"`   // at the service
	Reason  string            `json:"reason,omitempty"`  // in a sentence, often the service's own words
	Options map[string]string `json:"options,omitempty"` // of references, that make it right
	Headers map[string]string `json:"headers,omitempty"` // of the account's limits
}

// Report is the result of a [Check]. It has neither the key nor a text.
type Report struct {
	Program     string    `json:"program,omitempty"` // the version of what asked
	Asked       string    `json:"asked,omitempty"`   // the day, YYYY-MM-DD
	Reference   string    `json:"reference"`
	Provider    string    `json:"provider"`
	Model       string    `json:"model"`
	Endpoint    string    `json:"endpoint,omitempty"` // host
	Findings    []Finding `json:"findings"`
	Right       string    `json:"right,omitempty"` // the reference with the options that make it right
	Requests    int       `json:"requests"`
	Tokens      int       `json:"tokens"` // counted by the service, else estimated
	Cost        float64   `json:"cost,omitempty"`
	Currency    string    `json:"currency,omitempty"`
	Interrupted bool      `json:"interrupted,omitempty"`
}

// Count returns the number of findings with a verdict.
func (r Report) Count(v Verdict) (n int) {
	for _, f := range r.Findings {
		if f.Verdict == v {
			n++
		}
	}
	return n
}

// JSON writes the report as one indented JSON object.
func (r Report) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// The columns of Text.
const (
	columns = 100
	verdict = 16
	name    = 20
	says    = 24
)

// Text writes the report for people. Its table has at most 100 columns.
func (r Report) Text(w io.Writer) error {
	var b strings.Builder
	b.WriteString(r.Reference)
	if r.Endpoint != "" {
		b.WriteString(" at " + r.Endpoint)
	}
	fmt.Fprintf(&b, "\n\n%-*s%-*s%-*s%s\n", verdict, "VERDICT", name, "CHECK", says, "SAYS", "FOUND")
	for _, f := range r.Findings {
		shown := string(f.Verdict)
		if f.Verdict == Differs {
			shown = "DIFFERS"
		}
		left, right := wrap(f.Says, says-2), wrap(f.Found, columns-verdict-name-says)
		for i := range max(len(left), len(right), 1) {
			line := fmt.Sprintf("%-*s%-*s", verdict, shown, name, f.Check)
			if i > 0 {
				line = strings.Repeat(" ", verdict+name)
			}
			line += fmt.Sprintf("%-*s", says, at(left, i)) + at(right, i)
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		}
		for _, line := range wrap(f.Reason, columns-verdict) {
			b.WriteString(strings.Repeat(" ", verdict) + line + "\n")
		}
	}
	fmt.Fprintf(&b, "\n%d agree, %d differ, %d not stated, %d not applicable, %d not asked\n%d requests, %d tokens",
		r.Count(Agrees), r.Count(Differs), r.Count(NotStated), r.Count(NotApplicable), r.Count(NotAsked), r.Requests, r.Tokens)
	if r.Cost > 0 {
		fmt.Fprintf(&b, ", %s", Money(r.Cost, r.Currency))
	}
	b.WriteString("\n")
	if r.Right != "" {
		fmt.Fprintf(&b, "\nThe reference that is right:\n\n  %s\n", r.Right)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Money writes a small sum.
func Money(sum float64, currency string) string {
	if sum < 0.0001 {
		return "less than 0.0001 " + currency
	}
	return fmt.Sprintf("%.4f %s", sum, currency)
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

// wrap breaks s into lines of at most n columns, between words where that is possible.
func wrap(s string, n int) (lines []string) {
	for word := range strings.FieldsSeq(s) {
		last := len(lines) - 1
		if last >= 0 && utf8.RuneCountInString(lines[last])+1+utf8.RuneCountInString(word) <= n {
			lines[last] += " " + word
			continue
		}
		for runes := []rune(word); len(runes) > 0; runes = runes[min(n, len(runes)):] {
			lines = append(lines, string(runes[:min(n, len(runes))]))
		}
	}
	return lines
}
