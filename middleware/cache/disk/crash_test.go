package disk

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/vecspace/embedding/internal/expect"
)

const childFile = "EMBEDDING_DISK_TEST_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childFile); path != "" {
		child(path)
	}
	os.Exit(m.Run())
}

// child writes blocks of 50 vectors for ever and says after each one how many there are.
func child(path string) {
	s, err := Open(path, Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	from, err := strconv.Atoi(os.Getenv(childFile + "_FROM"))
	for ; err == nil; from += 50 {
		keys, rows := block(from, 50, 64)
		if err = s.Set(context.Background(), keys, rows); err == nil {
			fmt.Println(from + 50)
		}
	}
	fmt.Println(err)
	os.Exit(1)
}

// TestKill kills a process while it writes, again and again: everything that Set had returned for
// is there.
func TestKill(t *testing.T) {
	path := file(t)
	written := 0
	for round := range 15 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childFile+"="+path, fmt.Sprintf("%s_FROM=%d", childFile, written))
		out, err := cmd.StdoutPipe()
		expect.NoError(t, err)
		expect.NoError(t, cmd.Start())
		lines := bufio.NewScanner(out)
		for i := 0; lines.Scan(); i++ {
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Errorf("the child: %s", lines.Text())
				break
			}
			written = n
			if i == 0 { // it has begun
				time.AfterFunc(time.Duration(rand.IntN(40_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
			}
		}
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()

		s := open(t, path, Options{})
		if n := held(t, s, 0, written, 64); n != written {
			t.Fatalf("round %d: %d of %d are there", round, n, written)
		}
		if err := s.db.View(func(tx *bbolt.Tx) error {
			var all []error
			for err := range tx.Check() {
				all = append(all, err)
			}
			return errors.Join(all...)
		}); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if s.Stats().Damaged != 0 {
			t.Fatalf("round %d: %+v", round, s.Stats())
		}
		expect.NoError(t, s.Close())
	}
	t.Logf("%d vectors, none lost by 15 kills", written)
}

// TestFullDisk fills a file system of 24 MiB. Stored vectors can be read, a vector that does not
// fit is an error that says so, and writes work again once there is room.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: this test mounts a small tmpfs, for which it must be root on Linux: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	ballast := dir + "/ballast"
	write(t, ballast, make([]byte, 12<<20))
	path := dir + "/vectors.db"
	s, err := Open(path, Options{})
	expect.NoError(t, err)
	defer s.Close()
	e, f, c := chain(t, s)
	const each = 20
	texts := func(n int) (texts []string) {
		for i := range each {
			texts = append(texts, fmt.Sprintf("text %d of block %d", i, n))
		}
		return texts
	}
	full := 0
	for c.Stats().Tier.WriteErr == nil {
		if full++; full > 1000 {
			t.Fatal("the disk never fills")
		}
		embed(t, e, f, texts(full))
	}
	st := c.Stats().Tier
	if !strings.Contains(st.WriteErr.Error(), path) || !strings.Contains(st.WriteErr.Error(), "no space left") || st.ReadErr != nil || st.Unstored == 0 {
		t.Errorf("on a full disk: got %+v, want a WriteErr with the path, no ReadErr, and vectors Unstored", st)
	}
	t.Logf("%+v", st)
	for n := full + 1; n < full+20; n++ {
		embed(t, e, f, texts(n)) // nobody is failed
	}
	// All that was stored is there, for the next cache too.
	again, _, fresh := chain(t, s)
	for n := 1; n < full; n++ {
		if u := embed(t, again, f, texts(n)); u.Reused != each {
			t.Fatalf("block %d: %+v, %+v", n, u, fresh.Stats().Tier)
		}
	}
	expect.NoError(t, os.Remove(ballast))
	embed(t, again, f, texts(full))
	if got := fresh.Stats().Tier; got.WriteErr != nil || got.Stored != each {
		t.Errorf("there is room again: %+v", got)
	}
}
