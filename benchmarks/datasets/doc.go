// Package datasets reads what embedders are judged on: [LoadRetrieval] reads retrieval sets in
// BEIR's layout, [LoadPairs] reads pairs of sentences with gold scores, and [GoLibrary] makes a set
// of the documentation of the Go standard library, which every Go toolchain includes.
//
// The loaders check what they read. Their errors name the file and the line.
package datasets
