// Package benchmarks compares embedders side by side: quality with intervals, latency, throughput, errors and cost, in one report.
//
//	report, err := benchmarks.Compare(ctx,
//		[]benchmarks.Candidate{{Reference: "static:base"}, {Reference: "dashscope:text-embedding-v4"}},
//		[]benchmarks.Task{{Retrieval: set}},
//		benchmarks.Options{Dir: "answers"})
//	report.HTML(file)
//
// Every answer is recorded in Options.Dir, so that a report can be made again, with other metrics or other candidates beside it,
// without paying again. "vecspace compare" is the command over this package.
//
// Words alone (BM25; of sentence pairs the n-grams they share) are a row of every table: the floor. BM25 fused with each candidate by
// reciprocal rank is another, because that is what people deploy.
package benchmarks
