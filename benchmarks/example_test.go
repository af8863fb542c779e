package benchmarks_test

import (
	"context"
	"fmt"
	"os"

	"github.com/vecspace/embedding/benchmarks"
	"github.com/vecspace/embedding/benchmarks/datasets"
)

func ExampleCompare() {
	set := &datasets.Retrieval{
		Name: "three documents",
		Documents: []datasets.Text{
			{ID: "cat", Body: "the cat sleeps on the sofa"}, {ID: "car", Body: "a fast car on the road"}, {ID: "tea", Body: "a cup of hot tea"},
		},
		Queries: []datasets.Text{{ID: "1", Body: "sleeping animal"}, {ID: "2", Body: "driving a vehicle"}, {ID: "3", Body: "something hot to drink"}},
		Judged:  map[string]map[string]int{"1": {"cat": 1}, "2": {"car": 1}, "3": {"tea": 1}},
	}
	report, err := benchmarks.Compare(context.Background(),
		[]benchmarks.Candidate{{Reference: "static:base"}},
		[]benchmarks.Task{{Retrieval: set}},
		benchmarks.Options{Speed: benchmarks.SpeedOptions{Off: true}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	for _, row := range report.Tasks[0].Rows {
		s := row.Scores["nDCG@10"]
		fmt.Printf("%s: %.2f [%.2f %.2f]\n", row.Name, s.Value, s.Low, s.High)
	}
	// Output:
	// static:base: 1.00 [0.29 1.00]
	// BM25 + static:base (scores): 1.00 [0.29 1.00]
	// BM25 + static:base (ranks): 1.00 [0.29 1.00]
	// BM25: 0.33 [0.01 0.90]
}
