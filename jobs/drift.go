package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/canary"
	"github.com/vecspace/embedding/middleware"
)

// goodName is an empty file that was made when the last check began that was good. Parts that were
// made later are suspect when a check is not.
const goodName = "checked"

// check is a line of checks.jsonl: what a check has cost.
type check struct {
	At        time.Time `json:"at"`
	Requests  int       `json:"requests"`
	Tokens    int       `json:"tokens"`
	Unmetered int       `json:"unmetered,omitempty"`
	Result    string    `json:"result"`
}

// drift asks whether the model is still the one that the job began with, and pauses the job if it
// is not. The first call remembers the model. A provider that does not answer says nothing.
func (r *run) drift(ctx context.Context) error {
	r.checking.Lock()
	defer r.checking.Unlock()
	var t tally
	e := embedding.Chain(r.provider, middleware.Retry(middleware.RetryOptions{}))
	begun, err := os.CreateTemp(r.job.dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = remove(begun.Name()) }()
	if err := begun.Close(); err != nil {
		return err
	}
	ref, err := canary.Load(r.job.path(canaryName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if ref, err = canary.Record(t.in(ctx), e, canary.Options{}); err == nil {
			err = ref.Save(r.job.path(canaryName))
		}
	case err != nil:
		return err // a damaged file says so
	default:
		err = canary.Check(t.in(ctx), e, ref)
	}
	result := "good"
	drift, drifted := errors.AsType[*canary.Drift](err)
	if drifted {
		result = "drift"
	} else if err != nil {
		result = "unknown"
	}
	if err := r.note(t.sum(), result); err != nil {
		return err
	}
	switch kind := pauseKind(err); {
	case err == nil:
		return os.Rename(begun.Name(), r.job.path(goodName))
	case drifted:
		suspect, err := r.job.suspects()
		if err != nil {
			return err
		}
		p := Pause{Kind: "drift", Reason: drift.Error(), Suspect: suspect}
		return errors.Join(r.job.Pause(p), r.job.stopped())
	case kind != "" && ctx.Err() == nil:
		return r.pause(kind, err)
	}
	return nil
}

// note appends a line to checks.jsonl.
func (r *run) note(u embedding.Usage, result string) error {
	if u == (embedding.Usage{}) {
		return nil
	}
	line, err := json.Marshal(check{time.Now().UTC().Truncate(time.Second), u.Requests, u.Tokens, u.Unmetered, result})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(r.job.path(checksName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Close())
}

// suspects returns the shards that were done since the last good check began.
func (j *Job) suspects() (all []int, err error) {
	good, err := os.Stat(j.path(goodName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	err = names(j.path(dataName), func(name string) {
		n := shardOf(name)
		info, err := os.Stat(filepath.Join(j.path(dataName), name))
		if n >= 0 && err == nil && (good == nil || !info.ModTime().Before(good.ModTime())) {
			all = append(all, n)
		}
	})
	return all, err
}
