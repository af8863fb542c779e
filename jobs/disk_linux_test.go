package jobs

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// A disk that fills up pauses the job. With more room it goes on, and pays again for at most what
// could not be written.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=400k"); err != nil {
		t.Skipf("no small disk can be mounted here (%v): TestDisk and TestWALFullDisk show errors of writes", err)
	}
	defer func() { expect.NoError(t, syscall.Unmount(disk, syscall.MNT_DETACH)) }()
	e := paid()
	o := Options{Inputs: []string{put(t, "a.txt", lines(8000))}, Out: filepath.Join(disk, "out"), ShardTexts: 500}
	j := start(t, e, o)
	err := j.Work(t.Context(), e, WorkOptions{})
	refused(t, err, "paused", "no space left on device")
	expect.NoError(t, syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=20m"))
	if _, err := j.Resume(); err != nil && !os.IsNotExist(err) {
		t.Errorf("got the error %v, want to resume", err)
	}
	before := e.Ledger().Tokens
	expect.NoError(t, j.Work(t.Context(), e, WorkOptions{}))
	v, err := j.Verify(t.Context())
	expect.NoError(t, err)
	expect.Equal(t, "verified", v, Verified{Parts: 16, Texts: 8000, Vectors: 8000})
	twice := 0
	for i := range 8000 {
		twice += e.Billed(texts(i)) - 1
	}
	t.Logf("%d tokens before the disk was full, %d after; %d texts were paid for twice", before, e.Ledger().Tokens-before, twice)
	if most := 2 * strikesOut * 8 * 16; twice > most { // two workers, three failures, eight requests of 16 texts
		t.Errorf("got %d texts that were paid for twice, want at most %d", twice, most)
	}
}
