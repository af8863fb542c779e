// Package ballast makes the garbage collector of a small heap run more rarely.
package ballast

import "os"

// New returns size bytes that nobody touches: they take up no room, but count when the collector
// decides when to run, until the caller drops them. Go collects at twice what is live, which for a
// few megabytes is hundreds of times a second, and the pages that each collection frees go back to
// the system. New returns nil if the user tunes the collector.
func New(size int) []byte {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return nil
	}
	return make([]byte, size)
}
