package command

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/middleware"
)

// Meeting is a part: a kind of server at which the processes of a job meet, and share its shards
// and one quota.
type Meeting interface {
	// Serve starts a server in this process and returns its address. What is in dir may be lost.
	Serve(dir, addr, token string) (url string, stop func(), err error)
	// Join joins the processes of a job. The one that leads keeps the quota of all.
	Join(ctx context.Context, url, token string, j *jobs.Job, leads bool) (jobs.Queue, middleware.Quota, func() error, error)
}

// meetFlags say where a job's processes meet.
type meetFlags struct {
	nats, listen, tokenFile string
	window                  time.Duration
	leads                   bool
}

func (f *meetFlags) add(fs *flag.FlagSet, leads bool) {
	f.leads = leads
	fs.StringVar(&f.nats, "nats", "", "meet the job's other processes at this NATS server, such as `nats://host:4222` (full build)")
	fs.StringVar(&f.tokenFile, "token-file", "", "`file` with the token of the NATS server")
	fs.DurationVar(&f.window, "window", 0, "`time` in which the provider counts what -rpm and -tpm of all processes allow; 0: 1s, which keeps most free")
	if leads {
		fs.StringVar(&f.listen, "listen", "", "be that NATS server, at this `address`, for workers with -nats (full build)")
	}
}

// meet joins the job's other processes, if a flag asks for it. leave is never nil.
func (p Parts) meet(ctx context.Context, f meetFlags, j *jobs.Job, dir string) (q jobs.Queue, quota middleware.Quota, leave func() error, err error) {
	leave = func() error { return nil }
	switch {
	case f.nats == "" && f.listen == "":
		return nil, nil, leave, nil
	case f.nats != "" && f.listen != "":
		return nil, nil, leave, usagef("-listen is a server of its own: leave out -nats")
	case p.Meeting == nil:
		return nil, nil, leave, usagef("-nats and -listen need the full build: go install github.com/vecspace/embedding/full/cmd/vecspace@latest")
	}
	token := ""
	if f.tokenFile != "" {
		data, err := os.ReadFile(f.tokenFile)
		if err != nil {
			return nil, nil, leave, err
		}
		if token = strings.TrimSpace(string(data)); token == "" {
			return nil, nil, leave, usagef("-token-file %s is empty", f.tokenFile)
		}
	}
	stop := func() {}
	if f.listen != "" {
		if f.nats, stop, err = p.Meeting.Serve(filepath.Join(dir, "nats"), f.listen, token); err != nil {
			return nil, nil, leave, err
		}
	}
	q, quota, left, err := p.Meeting.Join(ctx, f.nats, token, j, f.leads)
	if err != nil {
		stop()
		return nil, nil, leave, err
	}
	return q, quota, func() error {
		err := errors.Join(q.Close(), left())
		stop()
		return err
	}, nil
}
