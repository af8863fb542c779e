// Package benchmarks compares embedders side by side: quality with confidence intervals, latency,
// throughput, errors and cost, in one report.
//
//	report, err := benchmarks.Compare(ctx,
//		[]benchmarks.Candidate{{Reference: "static:base"}, {Reference: "dashscope:text-embedding-v4"}},
//		[]benchmarks.Task{{Retrieval: set}},
//		benchmarks.Options{Dir: "answers"})
//	report.HTML(file)
//
// [Compare] measures each [Candidate] on each [Task] and returns a [report.Report]. Package
// datasets reads tasks. [LoadCandidates] reads candidates from a file. "vecspace compare" is the
// command for this package.
//
// Compare records every answer in Options.Dir. Another run with other metrics or more candidates
// does not pay for the same answers again.
//
// Every table has a row for words alone, the floor: BM25 for retrieval, shared n-grams for sentence
// pairs. In retrieval, two more rows per candidate fuse its ranking with BM25's: by scores, as
// [bm25.Fuse] does, and by reciprocal ranks, as many systems in production do.
package benchmarks
