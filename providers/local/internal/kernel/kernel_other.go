//go:build !amd64 && !arm64

package kernel

// machine returns no set: this kind of processor has plain Go alone.
func machine() []*Set { return nil }
