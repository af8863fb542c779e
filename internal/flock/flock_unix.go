//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

// Package flock locks files against other programs.
package flock

import (
	"errors"
	"os"
	"syscall"
)

// Try keeps a file for this *os.File until it is closed, also by a crash. It reports whether
// another one has it. Where a file system has no locks, as some of NFS, nobody has it.
func Try(f *os.File) (taken bool, err error) {
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	if errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOLCK) || errors.Is(err, syscall.ENOSYS) {
		return false, nil
	}
	return false, err
}
