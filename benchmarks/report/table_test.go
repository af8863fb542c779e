package report

import (
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestFigures(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0.00", .00441: "0.0044", .1284: "0.128", 1.234: "1.23", 12.34: "12.3", 123.4: "123", 1234.5: "1,234", 12345678: "12,345,678",
	} {
		expect.Equal(t, "figure", figure(v), want)
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 65536: "65,536", 1234567: "1,234,567", -1234: "-1,234", -123: "-123"} {
		expect.Equal(t, "grouped", grouped(n), want)
	}
	expect.Equal(t, "money", money(112345.678), "112,345.68")
}

// The fused rows are in the table of quality only where they are asked for, behind the others.
func TestQuality(t *testing.T) {
	task := sample().Tasks[0]
	names := func(rows [][]string) (out []string) {
		for _, row := range rows {
			out = append(out, row[0])
		}
		return out
	}
	own := []string{"dear </script><b>", "cheap", "BM25", "poor", "gone (failed)"}
	expect.Equal(t, "the rows", names(task.quality(false).rows), own)
	expect.Equal(t, "the rows with fused ones", names(task.quality(true).rows), append(own, "BM25 + cheap (scores)", "BM25 + cheap (ranks)"))
}

func TestLoad(t *testing.T) {
	for want, s := range map[string]Speed{
		"1 query": {Batch: 1, Texts: "queries"}, "1 document": {Batch: 1, Texts: "documents"}, "1,024 documents": {Batch: 1024, Texts: "documents"},
		"1 query, open 10/s": {Batch: 1, Texts: "queries", Rate: 10}, "1 text": {Batch: 1}, "4 texts": {Batch: 4},
	} {
		expect.Equal(t, "load", s.load(), want)
	}
}
