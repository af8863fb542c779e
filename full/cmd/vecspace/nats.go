package main

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/jobs/natsqueue"
	"github.com/vecspace/embedding/middleware"
)

// meeting gives the commands of job NATS JetStream.
type meeting struct{}

func (meeting) Serve(dir, addr, token string) (string, func(), error) {
	s, err := natsqueue.Serve(natsqueue.ServerOptions{Dir: dir, Addr: addr, Token: token})
	if err != nil {
		return "", nil, err
	}
	return s.URL(), s.Close, nil
}

func (meeting) Join(ctx context.Context, url, token string, j *jobs.Job, leads bool) (jobs.Queue, middleware.Quota, func() error, error) {
	nc, err := nats.Connect(url, nats.Token(token), nats.MaxReconnects(-1), nats.ReconnectWait(time.Second), nats.Name("vecspace job "+j.Manifest.ID))
	if err != nil {
		return nil, nil, nil, err
	}
	leave := func() error { nc.Close(); return nil }
	if leads {
		stop, err := natsqueue.ServeQuota(nc)
		if err != nil {
			return nil, nil, nil, errors.Join(err, leave())
		}
		leave = func() error { defer nc.Close(); return stop() }
	}
	quota, err := natsqueue.NewQuota(nc, j.Manifest.ID)
	if err != nil {
		return nil, nil, nil, errors.Join(err, leave())
	}
	q, err := natsqueue.New(ctx, nc, natsqueue.Options{Job: j.Manifest.ID, Folder: j.Folder(), Done: j.Done})
	if err != nil {
		return nil, nil, nil, errors.Join(err, leave())
	}
	return q, quota, leave, nil
}
