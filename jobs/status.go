package jobs

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/flock"
	"github.com/vecspace/embedding/internal/whole"
)

// Status is how far a job is. Its sums are of finished shards.
type Status struct {
	ID    string `json:"id"`
	State string `json:"state"` // running, stopped, paused, canceled, failed or complete

	Texts    int `json:"texts"` // of the whole job
	Done     int `json:"done"`  // with a vector or an error
	Vectors  int `json:"vectors"`
	Rejected int `json:"rejected"`

	Shards       int `json:"shards"`
	ShardsDone   int `json:"shards_done"`
	ShardsFailed int `json:"shards_failed"`

	Requests int `json:"requests"`
	Tokens   int `json:"tokens"`
	// AtLeast is set if more may have been billed: an attempt ended early, or answers had no counts.
	AtLeast  bool    `json:"at_least"`
	Cost     float64 `json:"cost"` // of Tokens at the price of the plan
	Currency string  `json:"currency,omitempty"`
	Checks   int     `json:"check_tokens"` // of Tokens, for checks of the model
	// BatchTokens are those of Tokens that batches have cost, at their part of the price. They are
	// exact after any kill, for a batch is counted when it has ended, shards or not.
	BatchTokens int     `json:"batch_tokens,omitempty"`
	Batches     []Batch `json:"batches,omitempty"` // under way

	Pause    *Pause    `json:"pause,omitempty"`
	Failures []Failure `json:"failures,omitempty"`
	Workers  []string  `json:"workers,omitempty"` // processes, by host and number
}

// Status reads how far the job is, from its folder.
func (j *Job) Status() (s Status, err error) {
	p := j.Manifest.Plan
	s = Status{ID: j.Manifest.ID, Texts: p.Texts, Shards: p.Shards}
	var unread error
	err = names(j.path(dataName), func(name string) {
		n := shardOf(name)
		if n < 0 || n >= p.Shards {
			return
		}
		part, err := j.readPart(n)
		if err != nil {
			unread = errors.Join(unread, err)
			return
		}
		s.ShardsDone++
		s.Done += part.Texts
		s.Vectors += part.Vectors
		s.Rejected += part.Rejected
		s.Requests += part.Requests
		s.Tokens += part.Tokens
		s.AtLeast = s.AtLeast || part.Attempts > 1 || part.Unmetered > 0
	})
	if err := errors.Join(err, unread); err != nil {
		return s, fmt.Errorf("jobs: job %s: %w", s.ID, err)
	}
	checks, err := j.checked()
	if err != nil {
		return s, err
	}
	s.Checks = checks.Tokens
	s.Requests += checks.Requests
	s.Tokens += checks.Tokens
	s.AtLeast = s.AtLeast || checks.Unmetered > 0
	full := s.Tokens // at the full price
	batches, err := j.batches()
	if err != nil {
		return s, err
	}
	asBatches := 0.0 // tokens at the full price that would cost as much
	for _, b := range batches {
		if b.State == batchSubmitting || b.State == batchWaiting {
			s.Batches = append(s.Batches, *b)
		}
		s.Requests += b.Requests
		s.Tokens += b.Tokens
		s.BatchTokens += b.Tokens
		s.AtLeast = s.AtLeast || b.Unmetered > 0
		asBatches += float64(b.Tokens) * cmp.Or(b.Share, 1)
	}
	if price := j.Manifest.Price; price != nil {
		s.Cost, s.Currency = price.PerMillion/1e6*(float64(full)+asBatches), price.Currency
	}
	if s.Failures, err = j.Failures(); err != nil {
		return s, err
	}
	s.ShardsFailed = len(s.Failures)
	if s.Pause, err = j.paused(); err != nil {
		return s, err
	}
	if s.Workers, err = j.workers(); err != nil {
		return s, err
	}
	switch {
	case exists(j.path(canceledName)):
		s.State = "canceled"
	case exists(j.path(successName)):
		s.State = "complete"
	case s.Pause != nil:
		s.State = "paused"
	case s.ShardsDone+s.ShardsFailed == s.Shards && s.ShardsFailed > 0:
		s.State = "failed"
	case len(s.Workers) > 0:
		s.State = "running"
	default:
		s.State = "stopped"
	}
	return s, nil
}

// checked adds up what checks have cost.
func (j *Job) checked() (u embedding.Usage, err error) {
	data, err := os.ReadFile(j.path(checksName))
	if errors.Is(err, fs.ErrNotExist) {
		return u, nil
	}
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		var c check
		if json.Unmarshal(lines.Bytes(), &c) == nil { // a crash may have cut the last
			u = u.Add(embedding.Usage{Requests: c.Requests, Tokens: c.Tokens, Unmetered: c.Unmetered})
		}
	}
	return u, err
}

// workers returns the processes that have joined the job's Local queue. One of this machine that
// has ended is left out; of another machine nothing is known.
func (j *Job) workers() (all []string, err error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	err = names(j.path(workersName), func(name string) {
		f, err := os.Open(filepath.Join(j.path(workersName), name))
		if err != nil {
			return
		}
		defer func() { _ = f.Close() }() // it was only read
		var w worker
		if json.NewDecoder(f).Decode(&w) != nil {
			return
		}
		if w.Host == host {
			if taken, err := flock.Try(f); err == nil && !taken {
				return
			}
		}
		all = append(all, fmt.Sprintf("%s/%d", w.Host, w.PID))
	})
	slices.Sort(all)
	return all, err
}

// Success is the file _SUCCESS.json, which is there when every shard is done.
type Success struct {
	Status
	Space      embedding.Space `json:"space"`
	Dimensions int             `json:"dimensions"`
	Finished   time.Time       `json:"finished"`
	// Checksum is the SHA-256 of the lines "FOLDER/FILE CRC32C" of all files of results, in their
	// order. It is the same after any number of kills.
	Checksum string `json:"checksum"`
}

// finish writes _SUCCESS.json if all shards are done.
func (j *Job) finish() error {
	s, err := j.Status()
	if err != nil {
		return err
	}
	if s.ShardsFailed > 0 || s.State == "complete" {
		return nil
	}
	if s.ShardsDone < s.Shards {
		return fmt.Errorf("jobs: job %s has %d of %d shards and the queue is empty: run it again", s.ID, s.ShardsDone, s.Shards)
	}
	s.State, s.Workers = "complete", nil
	sum, err := j.checksums()
	if err != nil {
		return err
	}
	e := j.Manifest.Spec.Embedder
	data, err := json.MarshalIndent(Success{s, e.Space, e.Dimensions, time.Now().UTC().Truncate(time.Second), sum}, "", " ")
	if err != nil {
		return err
	}
	for _, dir := range []string{tmpName, walName} { // empty, or of an attempt that lost
		if err := os.RemoveAll(j.path(dir)); err != nil {
			return err
		}
	}
	return whole.Write(j.path(successName), append(data, '\n'))
}

func (j *Job) checksums() (string, error) {
	h := sha256.New()
	for n := range j.Manifest.Plan.Shards {
		p, err := j.readPart(n)
		if err != nil {
			return "", err
		}
		for _, name := range slices.Sorted(maps.Keys(p.Files)) {
			fmt.Fprintf(h, "%s/%s %s\n", partFolder(n), name, p.Files[name])
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
