package command

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/middleware"
)

// meetingPlace is a Meeting of one process, which notes what is drawn from its quota.
type meetingPlace struct {
	dir   string // of the claims
	mu    sync.Mutex
	drawn []middleware.Draw
}

func (m *meetingPlace) Serve(string, string, string) (string, func(), error) {
	return "nats://here", func() {}, nil
}

func (m *meetingPlace) Join(_ context.Context, _, _ string, j *jobs.Job, _ bool) (jobs.Queue, middleware.Quota, func() error, error) {
	q, err := jobs.NewLocal(m.dir, jobs.LocalOptions{Done: j.Done})
	return q, m, func() error { return nil }, err
}

func (m *meetingPlace) Take(_ context.Context, d middleware.Draw) (time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drawn = append(m.drawn, d)
	return 0, nil
}

// What the flags say of the account reaches the quota of all processes.
func TestJobMeets(t *testing.T) {
	in := put(t, "a.txt", "parse flags\nfind files")
	for at, window := range map[string]time.Duration{"-listen :0": 0, "-nats nats://there -window 1m": time.Minute} {
		place := &meetingPlace{dir: t.TempDir()}
		var said strings.Builder
		args := append([]string{"job", "run", "-in", in, "-out", filepath.Join(t.TempDir(), "out"), "-rpm", "6000"}, strings.Fields(at)...)
		code := Parts{Meeting: place}.run(t.Context(), args, streams{strings.NewReader(""), &said, &said})
		ended(t, code, 0, said.String(), "2 vectors")
		if len(place.drawn) == 0 {
			t.Fatalf("%s: nothing was drawn, want the request of two texts", at)
		}
		expect.Equal(t, at+": drawn", place.drawn[0].RPM, 6000)
		expect.Equal(t, at+": window", place.drawn[0].Window, window)
	}
}
