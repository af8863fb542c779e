package jobs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/whole"
)

// Job is a job in its folder. It is safe for concurrent use; Work runs once at a time.
type Job struct {
	Manifest Manifest

	dir     string
	formats Formats
	index   *index
	lock    *os.File // of the process that runs it; may be nil

	door  atomic.Pointer[door] // of the last Work
	texts atomic.Int64
}

// Open opens the job in a folder. One with formats of other modules can be looked at; for the rest
// of it use [Formats.Open].
func Open(dir string) (*Job, error) { return Formats{}.Open(dir) }

// Open opens the job in a folder.
func (f Formats) Open(dir string) (*Job, error) {
	m, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	i, err := openIndex(filepath.Join(dir, indexName), m.Plan)
	if err != nil {
		return nil, fmt.Errorf("jobs: job %s: %w", m.ID, err)
	}
	return &Job{dir: dir, formats: f, Manifest: m, index: i}, nil
}

func readManifest(dir string) (Manifest, error) {
	name := filepath.Join(dir, manifestName)
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Manifest{}, fmt.Errorf("jobs: %s has no job: %w", dir, err)
	}
	if err != nil {
		return Manifest{}, err
	}
	m, err := parseManifest(data)
	if err != nil {
		return m, fmt.Errorf("jobs: %s: %w", name, err)
	}
	return m, nil
}

// Close closes the job's files, and lets another process run it.
func (j *Job) Close() error {
	err := j.index.file.Close()
	if j.lock != nil {
		err = errors.Join(err, j.lock.Close())
	}
	return err
}

// Folder returns the folder of the job, where its results are.
func (j *Job) Folder() string { return j.dir }

func (j *Job) path(name string) string { return filepath.Join(j.dir, name) }

// Pause is why a job does not go on.
type Pause struct {
	Kind   string    `json:"kind"` // asked, auth, money, invalid, drift, disk, failures
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
	// Suspect has the shards that were done after the last good check, if Kind is drift.
	Suspect []int `json:"suspect,omitempty"`
}

// Paused is the error of work on a job that is paused.
type Paused struct {
	ID string
	Pause
}

// Error says why the job is paused and how it goes on.
func (p *Paused) Error() string {
	return fmt.Sprintf("jobs: job %s is paused (%s): %s", p.ID, p.Kind, p.Reason)
}

// ErrCanceled is in the chain of the error of work on a job that was canceled.
var ErrCanceled = errors.New("the job was canceled: its results stay, and another job needs another folder")

// Pause stops the job in all processes, until Resume. Requests that are under way are waited for.
// Of two reasons the first stays.
func (j *Job) Pause(p Pause) error {
	p.At = time.Now().UTC().Truncate(time.Second)
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := putNew(j.path(pausedName), append(data, '\n')); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Resume takes back a Pause and reports whether there was one. Run the job again afterwards.
func (j *Job) Resume() (bool, error) {
	err := os.Remove(j.path(pausedName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Cancel ends the job for good in all processes. What is done stays; what is not is forgotten.
func (j *Job) Cancel() error {
	if err := whole.Write(j.path(canceledName), []byte("{}\n")); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(j.path(walName)), os.RemoveAll(j.path(tmpName)))
}

// stopped returns why nobody may work on the job, or nil.
func (j *Job) stopped() error {
	if exists(j.path(canceledName)) {
		return fmt.Errorf("jobs: job %s: %w", j.Manifest.ID, ErrCanceled)
	}
	p, err := j.paused()
	if err != nil || p == nil {
		return err
	}
	return &Paused{j.Manifest.ID, *p}
}

func (j *Job) paused() (*Pause, error) {
	data, err := os.ReadFile(j.path(pausedName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var p Pause
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("jobs: %s is damaged, remove it: %w", j.path(pausedName), err)
	}
	return &p, nil
}

// Failure is a file of the folder failed: a shard that the job went on without.
type Failure struct {
	Shard  int    `json:"shard"`
	First  int    `json:"first"` // index of the first record
	Texts  int    `json:"texts"`
	Reason string `json:"reason"`
}

func (j *Job) failedName(shard int) string {
	return filepath.Join(j.dir, failedName, partFolder(shard)+".json")
}

// fail gives a shard up until Retry.
func (j *Job) fail(s shard, why error) error {
	data, err := json.Marshal(Failure{s.number, s.first, s.texts, why.Error()})
	if err == nil {
		err = os.MkdirAll(j.path(failedName), 0o777)
	}
	if err != nil {
		return err
	}
	if err := putNew(j.failedName(s.number), append(data, '\n')); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Failures returns the shards that failed, by their numbers.
func (j *Job) Failures() (all []Failure, err error) {
	var damaged error
	err = names(j.path(failedName), func(name string) {
		n := shardOf(name)
		if n < 0 {
			return
		}
		var f Failure
		data, err := os.ReadFile(j.failedName(n))
		if err == nil {
			err = json.Unmarshal(data, &f)
		}
		if err != nil {
			damaged = errors.Join(damaged, err)
			return
		}
		all = append(all, f)
	})
	slices.SortFunc(all, func(a, b Failure) int { return a.Shard - b.Shard })
	return all, errors.Join(err, damaged)
}

// Retry makes the job do failed shards again, and these others, whose results it removes. It
// returns how many there are. Run the job again afterwards.
func (j *Job) Retry(done ...int) (n int, err error) {
	failed, err := j.Failures()
	if err != nil {
		return 0, err
	}
	if err := remove(j.path(successName)); err != nil {
		return 0, err
	}
	for _, f := range failed {
		if err := remove(j.failedName(f.Shard)); err != nil {
			return n, err
		}
		n++
	}
	for _, s := range done {
		from := filepath.Join(j.dir, dataName, partFolder(s))
		if err := j.forgetBatches(s); err != nil {
			return n, err
		}
		if !exists(from) {
			continue
		}
		// A folder that is removed file by file would be a part without a part.json for a while.
		to := filepath.Join(j.path(tmpName), walPrefix(s)+random())
		if err := errors.Join(os.MkdirAll(j.path(tmpName), 0o777), os.Rename(from, to), os.RemoveAll(to)); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// doneShards calls visit with the shards that have a part or that failed.
func (j *Job) doneShards(visit func(shard int)) error {
	for _, dir := range []string{dataName, failedName} {
		err := names(j.path(dir), func(name string) {
			if n := shardOf(name); n >= 0 && n < j.Manifest.Plan.Shards {
				visit(n)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Done reports whether a shard has a part or has failed. A [Queue] of several processes asks it, so
// that nothing is claimed again.
func (j *Job) Done(shard int) bool {
	return exists(filepath.Join(j.dir, dataName, partFolder(shard))) || exists(j.failedName(shard))
}

// missing yields the shards that are not done, in their order. Its memory is a bit for each shard.
func (j *Job) missing() (func(yield func(int) bool), error) {
	have := make([]uint64, (j.Manifest.Plan.Shards+63)/64)
	err := j.doneShards(func(n int) { have[n/64] |= 1 << (n % 64) })
	return func(yield func(int) bool) {
		for n := range j.Manifest.Plan.Shards {
			if have[n/64]>>(n%64)&1 == 0 && !yield(n) {
				return
			}
		}
	}, err
}

// Progress is what this process has done.
type Progress struct {
	Texts    int // with a vector or an error, also from answers to an earlier attempt
	Answered int // that the provider has answered, which may be ahead of Texts
	Tokens   int // that the provider counted
}

// Progress returns what Work has done so far. It is safe to call while Work runs.
func (j *Job) Progress() Progress {
	p := Progress{Texts: int(j.texts.Load())}
	if d := j.door.Load(); d != nil {
		p.Answered, p.Tokens = int(d.texts.Load()), int(d.tokens.Load())
	}
	return p
}

// Free reports whether an Embedder's answers cost nothing: a model in this process, without a
// price.
func Free(e embedding.Embedder) bool {
	m := e.Model()
	return m.Price.PerMillion <= 0 && m.Endpoint == ""
}
