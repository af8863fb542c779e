//go:build race

// Package race tells tests whether the race detector is on: it adds allocations of its own, which
// a budget must not count.
package race

// Enabled reports whether this is a race build.
const Enabled = true
