//go:build unix

package main

import "syscall"

// descriptors is how many files and connections a process may have open, up to 20,000.
func descriptors() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 1024
	}
	return int(min(l.Cur, 20_000))
}
