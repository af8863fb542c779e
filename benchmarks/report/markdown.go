package report

import (
	"bufio"
	"fmt"
	"html/template"
	"io"
	"strings"
)

// Markdown writes the report as GitHub-flavored Markdown.
func (r *Report) Markdown(out io.Writer) error {
	w := bufio.NewWriter(out)
	fmt.Fprint(w, "# Embedders side by side\n\n")
	for _, f := range r.failures() {
		fmt.Fprintf(w, "**%s**\n\n", escape(f))
	}
	if !r.Run.Complete {
		fmt.Fprint(w, "**The run was interrupted: the figures cover only what was finished.**\n\n")
	}
	top, words := r.answer()
	fmt.Fprintf(w, "## %s\n\n", top.title)
	for i, s := range words {
		if i == 0 {
			s = "**" + escape(s) + "**"
		} else {
			s = escape(s)
		}
		fmt.Fprintf(w, "%s\n\n", s)
	}
	if len(top.rows) > 0 {
		top.markdown(w)
		fmt.Fprintf(w, "%s\n\n", escape(top.note))
	}
	for _, t := range r.tables() {
		fmt.Fprintf(w, "## %s\n\n%s\n\n", escape(t.title), escape(t.note))
		t.markdown(w)
	}
	for _, t := range r.read() {
		if all := t.quality(true); t.hybrid() {
			fmt.Fprintf(w, "<details><summary>%s: all metrics with words beside meaning</summary>\n\n%s\n\n", template.HTMLEscapeString(t.Name), escape(all.note))
			all.markdown(w)
			fmt.Fprint(w, "</details>\n\n")
		}
		if said := t.verdicts(); len(said) > 0 {
			fmt.Fprintf(w, "<details><summary>%s: every pair in words</summary>\n\n", template.HTMLEscapeString(t.Name))
			for _, v := range said {
				fmt.Fprintf(w, "- %s\n", escape(v))
			}
			fmt.Fprint(w, "\n</details>\n\n")
		}
	}
	for _, t := range append(r.lengths(), r.disagreements()...) {
		fmt.Fprintf(w, "## %s\n\n%s\n\n", escape(t.title), escape(t.note))
		t.markdown(w)
	}
	fmt.Fprint(w, "## How these figures came about\n\n")
	for _, n := range r.Notes {
		fmt.Fprintf(w, "- %s\n", escape(n))
	}
	fmt.Fprintln(w)
	for _, pair := range r.origin() {
		fmt.Fprintf(w, "- %s: %s\n", pair[0], code(pair[1]))
	}
	return w.Flush()
}

func (t table) markdown(w io.Writer) {
	line := func(cells []string) { fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")) }
	escaped := func(row []string) (out []string) {
		for _, cell := range row {
			out = append(out, escape(strings.TrimSpace(cell)))
		}
		return out
	}
	line(escaped(t.head))
	var rule []string
	for i := range t.head {
		if i < t.left {
			rule = append(rule, "---")
		} else {
			rule = append(rule, "---:")
		}
	}
	line(rule)
	for _, row := range t.rows {
		line(escaped(row))
	}
	fmt.Fprintln(w)
}

// escape keeps text from being read as markup.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "<", "&lt;", "`", "\\`", "[", `\[`, "\n", " ").Replace(s)
}

func code(s string) string {
	s = strings.ReplaceAll(s, "\n", " ")
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if fence == "`" {
		return fence + s + fence
	}
	return fence + " " + s + " " + fence
}

// origin returns what the report was made with, as names and values.
func (r *Report) origin() [][2]string {
	out := [][2]string{
		{"date", r.Run.Date}, {"module", "github.com/vecspace/embedding " + r.Run.Version}, {"Go", r.Run.Go}, {"machine", r.Run.Machine},
		{"seed", fmt.Sprintf("%d, %s resamples", r.Run.Seed, grouped(r.Run.Resamples))}, {"duration", fmt.Sprintf("%.1f s", r.Run.Seconds)},
	}
	if r.Run.Offline {
		out = append(out, [2]string{"answers", "all recorded before, no call was made"})
	}
	if r.Run.Command != "" {
		out = append(out, [2]string{"command", r.Run.Command})
	}
	return out
}

// lengths returns the tables of quality by dimensions and storage.
func (r *Report) lengths() (out []table) {
	for _, t := range r.read() {
		if len(t.Dimensions) == 0 {
			continue
		}
		made := table{
			title: t.Name + ": quality against size", note: "vectors that are cut to their first values or stored coarsely",
			head: []string{"embedder", "stored as", "dims", "bytes per vector", t.unit(), "95 % interval"}, left: 2,
		}
		for _, p := range t.Dimensions {
			made.rows = append(made.rows, []string{
				p.Candidate, p.Storage, grouped(p.Dimensions), grouped(p.Bytes), fmt.Sprintf("%.2f", 100*p.Value),
				fmt.Sprintf("[%.2f %.2f]", 100*p.Low, 100*p.High),
			})
		}
		out = append(out, made)
	}
	return out
}

// disagreements returns the tables of questions on which two candidates differ most.
func (r *Report) disagreements() (out []table) {
	for _, t := range r.read() {
		if len(t.Disagreed) == 0 {
			continue
		}
		m := t.unit()
		made := table{
			title: t.Name + ": where candidates differ most", note: "what each ranked first, ✓ if it is relevant, and its " + t.Metrics[0],
			head: []string{"query", "embedder", m, "first", "embedder", m, "first"}, left: 7,
		}
		pairs := t.Kind == "pairs"
		if pairs {
			made.note = "how alike each says the two are, and the pair's rank among all, ✓ if it is nearer to that of the gold score"
			made.head, made.left = []string{"pair", "gold", "embedder", "says", "embedder", "says"}, 6
		}
		mark := func(right bool, s string) string {
			if right {
				return "✓ " + s
			}
			return s
		}
		for _, d := range t.Disagreed {
			row := []string{d.Text, d.A, fmt.Sprintf("%.2f", 100*d.ScoreA), mark(d.RightA, d.FirstA), d.B, fmt.Sprintf("%.2f", 100*d.ScoreB), mark(d.RightB, d.FirstB)}
			if pairs {
				row = []string{d.Text + " / " + d.ID, fmt.Sprintf("%.2f", d.Gold), d.A, mark(d.RightA, d.FirstA), d.B, mark(d.RightB, d.FirstB)}
			}
			made.rows = append(made.rows, row)
		}
		out = append(out, made)
	}
	return out
}
