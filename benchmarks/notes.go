package benchmarks

import (
	"fmt"

	"github.com/vecspace/embedding/benchmarks/report"
)

// notes explains the figures to the reader.
func notes(r *report.Report) []string {
	out := []string{
		"Intervals are 95 % intervals of a paired Bayesian bootstrap over queries or pairs that counts one more, with the worst result " +
			"(two for a correlation). They say how far the figures would move with other questions of the same kind, and nothing " +
			"about other kinds of text.",
		"Two rows are called distinct if the interval of their difference excludes 0 and its p-value (a sign-flip permutation test), " +
			"corrected for the number of comparisons (Holm), is under .05. Rows that differ on fewer than six questions never are.",
		"Rankings hold 1,000 documents, found by comparing with all of them." + fusion(r),
		"Throughput is measured with the same documents at every batch size. Latency is the time of one provider request without retries or cache. In the open loop it counts from the moment a request " +
			"was due, so that a stall counts for every request that had to wait.",
		"Cut vectors are the first values of the full ones, scaled to unit length; models that were not trained for this lose the " +
			"quality shown. int8 scales each vector by its largest value; binary keeps signs, also of the query.",
	}
	currencies := map[string]bool{}
	estimated, unknown := false, false
	for _, c := range r.Candidates {
		for _, t := range c.Costs {
			if t.Currency != "" {
				currencies[t.Currency] = true
			}
			estimated = estimated || t.Estimated && t.Currency != ""
			unknown = unknown || t.Currency == "" && !t.Local
		}
		largest := 0
		for _, s := range c.Speed {
			largest = max(largest, s.Batch)
		}
		if largest > 0 && largest < c.Limit {
			out = append(out, fmt.Sprintf("%s takes %d texts at once; its speed was measured with at most %d.", c.Name, c.Limit, largest))
		}
		if c.Refused > 0 {
			out = append(out, fmt.Sprintf("%s refused %d texts: such a document is never found, such a query finds nothing, "+
				"such a pair has similarity 0.", c.Name, c.Refused))
		}
	}
	if len(currencies) > 1 {
		out = append(out, "Prices are in several currencies, which are not converted: compare only costs in one currency.")
	}
	if estimated {
		out = append(out, "Costs with ~ rest on estimated tokens, because the provider did not count them.")
	}
	if unknown {
		out = append(out, "A missing cost means that the price is unknown: give the candidate one.")
	}
	for _, t := range r.Tasks {
		if t.Whole > 0 {
			out = append(out, fmt.Sprintf("%s holds a part of its %d documents, including all judged ones. Fewer documents are "+
				"easier to tell apart: figures are higher than for the whole set and not comparable with published ones.", t.Name, t.Whole))
		}
		if t.Failure == "" && t.Queries < 20 {
			out = append(out, fmt.Sprintf("%s has %s only: its figures say little.", t.Name, count(t.Queries, "question", "questions")))
		}
		if t.Absent > 0 {
			out = append(out, fmt.Sprintf("%s has %s of queries or documents that it lacks; they are left out.", t.Name, count(t.Absent, "judgment", "judgments")))
		}
		if t.Repeated > 0 {
			out = append(out, fmt.Sprintf("%s repeats %s; each counts once.", t.Name, count(t.Repeated, "judgment", "judgments")))
		}
		if t.Itself > 0 {
			out = append(out, fmt.Sprintf("%s has %s among its documents, with the same ID and text and not judged: a query does not find itself.",
				t.Name, count(t.Itself, "query", "queries")))
		}
		if t.Blank > 0 {
			out = append(out, fmt.Sprintf("%s has %d blank documents, which nothing can find.", t.Name, t.Blank))
		}
	}
	return out
}

// fusion says how the fused rows were made.
func fusion(r *report.Report) string {
	for _, t := range r.Tasks {
		for _, w := range t.Rows {
			if w.Fusion == report.ByScores {
				return fmt.Sprintf(" Rows of BM25 and a candidate fuse both rankings. By scores: the cosine, scaled from 0 to 1 over the query's candidates, "+
					"plus %g times BM25, of which the query's highest is 1. By ranks: reciprocal ranks with k = 60.", w.Weight)
			}
		}
	}
	return ""
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
