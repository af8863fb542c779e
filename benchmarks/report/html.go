package report

import (
	"embed"
	"encoding/json"
	"html/template"
	"io"
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
		Names []string `json:"names"` // one color each, the same in all plots
		Plots []plot   `json:"plots"`
	}{Plots: plots}
	for _, c := range r.Candidates {
		data.Names = append(data.Names, c.Name)
	}
	b, err := json.Marshal(data) // escapes <, so that no text can end the script
	if err != nil {
		return err
	}
	p.Data = template.JS(b)
	for _, task := range r.read() {
		pt := pageTask{Name: task.Name, Table: webTable(task.quality()), Verdicts: task.verdicts()}
		for _, x := range plots {
			if x.Group == task.Name {
				pt.Plots = append(pt.Plots, x)
			}
		}
		one := &Report{Tasks: []Task{task}}
		for _, x := range one.lengths() {
			pt.Lengths = append(pt.Lengths, webTable(x))
		}
		for _, x := range one.disagreements() {
			pt.Disagreed = append(pt.Disagreed, webTable(x))
		}
		p.Tasks = append(p.Tasks, pt)
	}
	for _, x := range plots {
		if x.Group == "Speed" {
			p.Speed = append(p.Speed, x)
		}
	}
	p.Speeds, p.Costs, p.Asked = webTable(r.speeds()), webTable(r.costs()), webTable(r.asked())
	return t.Execute(w, p)
}

type pageTable struct {
	Title, Note string
	Head        []pageCell
	Rows        [][]pageCell
}

type pageCell struct {
	Text string
	Best bool // the winner of its column
	Left bool // left-aligned words
}

func webTable(t table) pageTable {
	out := pageTable{Title: t.title, Note: t.note}
	cells := func(row []string) (made []pageCell) {
		for i, s := range row {
			n := len(s)
			made = append(made, pageCell{Text: s, Best: i >= t.left && n > 0 && s[n-1] == '*', Left: i < t.left})
		}
		return made
	}
	out.Head = cells(t.head)
	for _, row := range t.rows {
		out.Rows = append(out.Rows, cells(row))
	}
	return out
}
