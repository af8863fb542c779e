package natsqueue

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// enter opens the bucket and returns what watches it. It fails if another process has its file in
// another folder: what one process commits there, the others would never see.
func (q *Queue) enter(ctx context.Context) (jetstream.KeyWatcher, error) {
	if err := q.show(); err != nil {
		return nil, err
	}
	w, err := q.open(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("natsqueue: the bucket of job %s: %w", q.o.Job, err), q.hide())
	}
	if err := q.meet(ctx); err != nil {
		_ = w.Stop()                                                       // nobody reads it
		_ = q.kv.Purge(ctx, workerKey+q.me, jetstream.PurgeTTL(time.Hour)) // else others wait for it
		return nil, errors.Join(err, q.hide())
	}
	return w, nil
}

// meet looks for the file of every other process that lives.
func (q *Queue) meet(ctx context.Context) error {
	if q.o.Folder == "" {
		return nil
	}
	for id := range q.seen {
		found, err := q.sees(id)
		if err == nil && !found {
			found, err = q.gone(ctx, id)
		}
		switch {
		case err != nil:
			return fmt.Errorf("natsqueue: whether process %s of job %s writes to %s: %w", id, q.o.Job, q.o.Folder, err)
		case !found:
			return fmt.Errorf("natsqueue: process %s of job %s does not write to %s, which is another disk or a copy: "+
				"give each process the folder that all of them see", id, q.o.Job, q.o.Folder)
		}
	}
	return nil
}

// gone reports whether a process shows no sign of life for two of its beats.
func (q *Queue) gone(ctx context.Context, id string) (bool, error) {
	before, err := q.kv.Get(ctx, workerKey+id)
	if err != nil {
		return errors.Is(err, jetstream.ErrKeyNotFound), ignore(err)
	}
	beats := time.NewTimer(q.o.Lease / 3)
	defer beats.Stop()
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-beats.C:
	}
	after, err := q.kv.Get(ctx, workerKey+id)
	if err != nil {
		return errors.Is(err, jetstream.ErrKeyNotFound), ignore(err)
	}
	return after.Revision() == before.Revision(), nil
}

// ignore returns nil for the error of a key that is not there.
func ignore(err error) error {
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil
	}
	return err
}

// show puts this process's file in the folder.
func (q *Queue) show() error {
	if q.o.Folder == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(q.file(q.me)), 0o777); err != nil {
		return err
	}
	return os.WriteFile(q.file(q.me), nil, 0o666)
}

func (q *Queue) hide() error {
	if q.o.Folder == "" {
		return nil
	}
	if err := os.Remove(q.file(q.me)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (q *Queue) sees(id string) (bool, error) {
	_, err := os.Stat(q.file(id))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (q *Queue) file(id string) string { return filepath.Join(q.o.Folder, "meet", id) }
