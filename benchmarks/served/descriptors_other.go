//go:build !unix

package main

// descriptors is how many connections a process is tried with.
func descriptors() int { return 1024 }
