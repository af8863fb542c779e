package report_test

import (
	"bytes"
	"fmt"

	"github.com/vecspace/embedding/benchmarks/report"
)

// A program that decides by a report reads the file that vecspace compare -json writes.
func Example() {
	var file bytes.Buffer
	written := report.Report{Schema: report.Schema, Candidates: []report.Candidate{{Name: "a"}, {Name: "b"}}, Tasks: []report.Task{{
		Name: "questions", Kind: "retrieval", Queries: 80, Metrics: []string{"nDCG@10"},
		Rows: []report.Row{
			{Name: "a", Candidate: "a", Kind: report.Model, Scores: map[string]report.Score{"nDCG@10": {Value: 0.61, Low: 0.55, High: 0.67}}},
			{Name: "b", Candidate: "b", Kind: report.Model, Scores: map[string]report.Score{"nDCG@10": {Value: 0.48, Low: 0.41, High: 0.55}}},
		},
		Pairs: []report.Difference{{Metric: "nDCG@10", A: "a", B: "b", Value: 0.13, Low: 0.06, High: 0.2, Differ: 31, P: 0.001, Holm: 0.001, Distinct: true}},
	}}}
	if err := written.JSON(&file); err != nil {
		fmt.Println(err)
		return
	}
	r, err := report.ReadJSON(&file)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, task := range r.Tasks {
		for _, row := range task.Rows {
			fmt.Printf("%s: %s %.0f\n", task.Name, row.Name, 100*row.Scores["nDCG@10"].Value)
		}
		for _, d := range task.Pairs {
			fmt.Println(d.Words())
		}
	}
	// Output:
	// questions: a 61
	// questions: b 48
	// a is better than b by nDCG@10: by 13.00, between 6.00 and 20.00 (p = 0.001).
}
