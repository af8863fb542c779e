//go:build (darwin || dragonfly || freebsd || linux || netbsd || openbsd) && (386 || amd64 || arm || arm64 || loong64 || riscv64)

package safetensors

import (
	"os"
	"syscall"
	"unsafe"
)

// mapped maps size bytes of a file as float32. It needs a little-endian processor, and an offset
// that is a multiple of 4.
func mapped(f *os.File, offset, size int64) (values []float32, release func(), ok bool) {
	from := offset / int64(os.Getpagesize()) * int64(os.Getpagesize())
	if offset%4 != 0 || size == 0 || int64(int(size)) != size {
		return nil, nil, false
	}
	pages, err := syscall.Mmap(int(f.Fd()), from, int(offset-from+size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, nil, false
	}
	values = unsafe.Slice((*float32)(unsafe.Pointer(&pages[offset-from])), size/4)
	return values, func() { _ = syscall.Munmap(pages) }, true
}
