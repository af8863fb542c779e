// Package parquet has the formats Parquet and zstd for jobs.
//
//	plan, err := jobs.NewPlan(ctx, e, jobs.Options{
//		Inputs: []string{"docs.parquet"}, Field: "text", ID: "id", Out: "vectors", To: "parquet",
//		Formats: parquet.Formats(),
//	})
//
// The text and the id of a record are columns of strings, integers or booleans; a.b is the column b
// in the group a. Columns below a list or a map have no value for each record and are refused.
//
// A file of vectors has the columns index (int64), id (string, if the job has ids) and vector (a
// list of float32), without compression, which hardly makes vectors smaller. The same vectors give
// the same bytes.
package parquet
