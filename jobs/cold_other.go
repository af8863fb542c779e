//go:build !linux

package jobs

import "os"

// cold does nothing where a program cannot say which pages it needs no more.
func cold(*os.File) {}
