package jobs

import (
	"os"

	"golang.org/x/sys/unix"
)

// cold lets go of a file's pages in memory, which are on the disk: nobody reads results soon, the
// next part takes the same pages, and other files stay in memory. It is only advice.
func cold(f *os.File) { _ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) }
