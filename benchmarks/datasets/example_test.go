package datasets_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/vecspace/embedding/benchmarks/datasets"
)

// A retrieval set of your own is three files.
func Example() {
	dir, err := os.MkdirTemp("", "set")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // a folder of the example's own
	for name, text := range map[string]string{
		"corpus.jsonl":   `{"_id": "d1", "title": "Lawn", "text": "Mow the lawn every week in May."}` + "\n" + `{"_id": "d2", "text": "Sharpen knives."}` + "\n",
		"queries.jsonl":  `{"_id": "q1", "text": "how often do I cut the grass?"}` + "\n",
		"qrels/test.tsv": "query-id\tcorpus-id\tscore\nq1\td1\t1\n",
	} {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			panic(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			panic(err)
		}
	}
	set, err := datasets.LoadRetrieval(dir, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(set.Documents), "documents,", len(set.Queries), "query")
	fmt.Println(set.Documents[0].Embedded())
	fmt.Println(set.Judged["q1"])
	// Output:
	// 2 documents, 1 query
	// Lawn Mow the lawn every week in May.
	// map[d1:1]
}
