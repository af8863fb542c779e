// Package datasets reads what embedders are judged on: retrieval sets in the layout of BEIR, pairs of sentences with gold scores, and the
// documentation of the Go standard library, which every Go toolchain brings along.
//
// The loaders check what they read. What is wrong is said with file and line.
package datasets
