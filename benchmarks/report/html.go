package report

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
)

// Observable Plot on D3 draws the plots. Both are part of the page, unchanged as published
// (assets/*.LICENSE), so that it works from a file without a network.
//
//go:embed assets
var assets embed.FS

// page is the data of page.html.
type page struct {
	*Report
	Title    string
	Style    template.CSS
	Scripts  []template.JS
	Data     template.JS
	Failures []string
	Answer   pageTable
	Take     string
	Words    []string
	Tasks    []pageTask
	Speed    []plot
	Speeds   pageTable
	Costs    pageTable
	Asked    pageTable
	Origin   [][2]string
}

type pageTask struct {
	Name      string
	Table     pageTable
	Matrix    pageTable
	Fusions   pageTable
	All       pageTable
	Verdicts  []string
	Plots     []plot
	Lengths   []pageTable
	Disagreed []pageTable
}

// HTML writes the report as one self-contained page.
func (r *Report) HTML(w io.Writer) error {
	t, err := template.ParseFS(assets, "assets/page.html")
	if err != nil {
		return err
	}
	p := page{Report: r, Title: "Embedders side by side", Failures: r.failures(), Origin: r.origin()}
	style, err := assets.ReadFile("assets/page.css")
	if err != nil {
		return err
	}
	p.Style = template.CSS(style)
	for _, name := range []string{"assets/d3-7.9.2.min.js", "assets/plot-0.6.17.min.js", "assets/plots.js"} {
		b, err := assets.ReadFile(name)
		if err != nil {
			return err
		}
		p.Scripts = append(p.Scripts, template.JS(b))
	}
	plots := r.plots()
	data := struct {
		Names []string `json:"names"` // a number and a color each, the same everywhere on the page
		Plots []plot   `json:"plots"`
	}{r.numbered(), plots}
	b, err := json.Marshal(data) // escapes <, so that no text can end the script
	if err != nil {
		return err
	}
	p.Data = template.JS(b)
	top, words := r.answer()
	p.Answer, p.Take, p.Words = r.web(top), words[0], words[1:]
	for _, task := range r.read() {
		pt := pageTask{
			Name: task.Name, Table: r.web(task.quality(false)), Matrix: r.webMatrix(task), Fusions: r.web(task.fusions()), Verdicts: task.verdicts(),
		}
		if task.hybrid() {
			pt.All = r.web(task.quality(true))
		}
		for _, x := range plots {
			if x.Group == task.Name {
				pt.Plots = append(pt.Plots, x)
			}
		}
		one := &Report{Tasks: []Task{task}}
		for _, x := range one.lengths() {
			pt.Lengths = append(pt.Lengths, r.web(x))
		}
		for _, x := range one.disagreements() {
			pt.Disagreed = append(pt.Disagreed, r.web(x))
		}
		p.Tasks = append(p.Tasks, pt)
	}
	for _, x := range plots {
		if x.Group == "Speed" {
			p.Speed = append(p.Speed, x)
		}
	}
	p.Speeds, p.Costs, p.Asked = r.web(r.speeds()), r.web(r.costs()), r.web(r.asked())
	return t.Execute(w, p)
}

// numbered returns the names of the candidates in the order of their numbers.
func (r *Report) numbered() (names []string) {
	for _, c := range r.ranked() {
		names = append(names, c.Name)
	}
	return names
}

type pageTable struct {
	Title, Note string
	Head        []pageCell
	Rows        [][]pageCell
}

type pageCell struct {
	Lines  []string // at least one; the first is the figure or the words
	Class  string
	Row    bool // says what its row is about
	Number int  // of the candidate whose name it is; 0: none
	Color  int  // of that candidate
}

// colors is the number of colors in page.css, --c0 and on.
const colors = 8

// name returns the cell of a row's name, with the number of the candidate of that name.
func (r *Report) name(text string) pageCell {
	c := pageCell{Lines: []string{text}, Class: "left", Row: true}
	if i := slices.Index(r.numbered(), text); i >= 0 {
		c.Number, c.Color = i+1, i%colors
	}
	return c
}

func (r *Report) web(t table) pageTable {
	out := pageTable{Title: t.title, Note: t.note}
	cell := func(i int, s string) pageCell {
		c := pageCell{Lines: []string{s}}
		switch n := len(s); {
		case i < t.left:
			c.Class = "left"
		case n > 0 && s[n-1] == '*':
			c.Class = "best"
		}
		return c
	}
	for i, s := range t.head {
		out.Head = append(out.Head, cell(i, strings.ReplaceAll(s, "× 100", "×\u00a0100")))
	}
	for _, row := range t.rows {
		made := []pageCell{r.name(row[0])}
		for i, s := range row[1:] {
			made = append(made, cell(i+1, s))
		}
		out.Rows = append(out.Rows, made)
	}
	return out
}

// webMatrix is the matrix of a task with the verdict and the interval in each cell.
func (r *Report) webMatrix(t Task) pageTable {
	rows := t.square()
	out := pageTable{Title: t.Name + ": each with each", Note: "row minus column, " + t.unit() + ", and the 95 % interval of the difference"}
	if len(rows) < 2 {
		return out
	}
	out.Head = append(out.Head, pageCell{Lines: []string{"embedder"}, Class: "left"})
	for _, a := range rows {
		out.Head = append(out.Head, r.name(a.Name))
		row := []pageCell{r.name(a.Name)}
		for _, b := range rows {
			d, ok := t.between(a.Name, b.Name)
			cell := pageCell{Lines: []string{"·"}}
			switch {
			case ok && d.verdict() == identical:
				cell = pageCell{Lines: []string{"=", identical}}
			case ok && d.verdict() == tooFew:
				cell = pageCell{Lines: []string{signed(d.Value), tooFew}}
			case ok:
				cell = pageCell{Lines: []string{signed(d.Value), d.verdict(), fmt.Sprintf("[%s %s]", signed(d.Low), signed(d.High))}}
			}
			if ok && d.Distinct {
				cell.Class = d.verdict()
			}
			row = append(row, cell)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}
