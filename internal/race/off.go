//go:build !race

package race

// Enabled reports whether this is a race build.
const Enabled = false
