package jobs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// finish commits a part of one text whose vector has this value, with a function that moves it.
func finish(t *testing.T, j *Job, value float32) bool {
	t.Helper()
	s, err := j.index.shard(0)
	expect.NoError(t, err)
	w, err := newPart(j.path(tmpName), j.Manifest, Formats{}, s)
	expect.NoError(t, err)
	expect.NoError(t, w.vector(0, "", []float32{value, 0, 0, 0, 0, 0, 0, 0}))
	first, err := w.commit(j.path(dataName))
	expect.NoError(t, err)
	return first
}

// Of two finishers the first stays, whole: its vectors, ids and counts.
func TestCommitOnce(t *testing.T) {
	j := job(t, paid(), 1)
	expect.Equal(t, "the first is kept", finish(t, j, 1), true)
	before := content(t, filepath.Join(j.dir, dataName, partFolder(0), npyName))
	expect.Equal(t, "the second is kept", finish(t, j, 2), false)
	expect.Equal(t, "vectors", content(t, filepath.Join(j.dir, dataName, partFolder(0), npyName)), before)
	v, err := j.Verify(t.Context())
	expect.NoError(t, err)
	expect.Equal(t, "verified", v, Verified{Parts: 1, Texts: 1, Vectors: 1})

	// What a job does that replaces: this test would notice.
	expect.NoError(t, os.RemoveAll(filepath.Join(j.dir, dataName, partFolder(0))))
	expect.Equal(t, "a third is kept after the first was removed", finish(t, j, 3), true)
	if content(t, filepath.Join(j.dir, dataName, partFolder(0), npyName)) == before {
		t.Error("got the same vectors after a replacement, so that this test could not see one")
	}
}

// A part that is not committed leaves nothing, and its place free.
func TestAbort(t *testing.T) {
	j := job(t, paid(), 1)
	s, err := j.index.shard(0)
	expect.NoError(t, err)
	w, err := newPart(j.path(tmpName), j.Manifest, Formats{}, s)
	expect.NoError(t, err)
	expect.NoError(t, w.abort())
	left, err := os.ReadDir(j.path(tmpName))
	expect.NoError(t, err)
	expect.Equal(t, "files left", len(left), 0)
	expect.Equal(t, "the shard is done", j.Done(0), false)
}

// A rejection has a provider's reason without what differs between attempts.
func TestReject(t *testing.T) {
	w := &partWriter{}
	m := paid().Model()
	err := m.Errorf(embedding.Rejected, "the text is too long")
	err.Code, err.RequestID = "too_long", "req-1"
	w.reject(Rejection{Index: 4, ID: "a", Line: 5}, err)
	got := w.rejected[0]
	expect.Equal(t, "kind", got.Kind, "text rejected")
	expect.Equal(t, "code", got.Code, "too_long")
	if !strings.Contains(got.Message, "too long") || strings.Contains(got.Message, "req-1") {
		t.Errorf("got the message %q, want the reason without the id of a request", got.Message)
	}
	expect.Equal(t, "the error itself is as it was", err.RequestID, "req-1")
}

func TestShardOf(t *testing.T) {
	for name, want := range map[string]int{
		"part-000000": 0, "part-000012": 12, "part-1234567": 1234567, "part-000003.json": 3, "part-3": -1, "part-0000000": -1, "part-": -1,
		"part--00001": -1, "x": -1, ".new-part-000001": -1, "part-000001x": -1,
	} {
		expect.Equal(t, name, shardOf(name), want)
	}
}
