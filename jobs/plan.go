package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/flock"
	"github.com/vecspace/embedding/internal/rows"
	"github.com/vecspace/embedding/internal/whole"
)

// Names in a job's folder.
const (
	manifestName = "job.json"
	indexName    = "shards"
	successName  = "_SUCCESS.json"
	pausedName   = "paused.json"
	canceledName = "canceled.json"
	canaryName   = "canary.json"
	checksName   = "checks.jsonl"
	lockName     = "lock"
	dataName     = "data"
	failedName   = "failed"
	walName      = "wal"
	tmpName      = "tmp"
	claimsName   = "claims"
	workersName  = "workers"
)

// Plan is a job that is about to start, or one that its folder has already.
type Plan struct {
	Manifest Manifest
	Resumed  bool // the folder has this job: Start goes on with it

	dir     string
	formats Formats
	made    bool // the folder was made
	index   string
	lock    *os.File
}

// NewPlan reads the inputs and counts what is to be done, for the Embedder e, whose Space must be
// known. It writes nothing that anybody sees before Start. If the folder has the same job, NewPlan
// returns that; another job, or files that are not a job's, are an error. While a Plan or its Job
// is open, nobody else can plan in the folder. Call Start or Discard.
func NewPlan(ctx context.Context, e embedding.Embedder, o Options) (p *Plan, err error) {
	e = embedding.Chain(e)
	spec, err := o.spec(ctx, e)
	if err != nil {
		return nil, err
	}
	p = &Plan{dir: o.Out, formats: o.Formats, Manifest: Manifest{Version: version, ID: spec.id(), Spec: spec}}
	if price := e.Model().Price; price.PerMillion > 0 {
		p.Manifest.Price = &Price{price.PerMillion, price.Currency}
	} else if Free(e) {
		p.Manifest.Price = &Price{}
	}
	defer func() {
		if err != nil {
			p.Discard()
			p = nil
		}
	}()
	if err := p.enter(); err != nil {
		return p, err
	}
	if p.Resumed {
		return p, nil
	}
	if err := probe(p.dir); err != nil {
		return p, err
	}
	return p, p.count(ctx, o)
}

// enter makes the folder, or finds the job in it, and locks it.
func (p *Plan) enter() error {
	if p.dir == "" {
		return errors.New("jobs: the job has no folder")
	}
	if _, err := os.Stat(p.dir); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(p.dir, 0o777); err != nil {
			return err
		}
		p.made = true
	}
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return err
	}
	ours := slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == manifestName })
	for _, e := range entries {
		if name := e.Name(); !ours && name != lockName && name != indexName && !strings.HasPrefix(name, whole.Unfinished) {
			return fmt.Errorf("jobs: %s has files that are not of a job, such as %s: write to another folder", p.dir, name)
		}
	}
	if p.lock, err = os.OpenFile(filepath.Join(p.dir, lockName), os.O_CREATE|os.O_RDWR, 0o666); err != nil {
		return err
	}
	if taken, err := flock.Try(p.lock); err != nil {
		return err
	} else if taken {
		return fmt.Errorf("jobs: %w: another process runs the job in %s: \"vecspace job worker %s\" helps it", ErrRunning, p.dir, p.dir)
	}
	if !ours {
		for _, e := range entries { // of a plan that was killed
			if strings.HasPrefix(e.Name(), whole.Unfinished) {
				if err := os.RemoveAll(filepath.Join(p.dir, e.Name())); err != nil {
					return err
				}
			}
		}
		return nil
	}
	was, err := readManifest(p.dir)
	if err != nil {
		return err
	}
	if why := was.Spec.differs(p.Manifest.Spec); why != "" {
		return fmt.Errorf("jobs: %s has job %s, and this is another one: %s: give what the job was planned with, or write to another folder",
			p.dir, was.ID, why)
	}
	p.Manifest, p.Resumed = was, true
	return nil
}

// ErrRunning is in the chain of an error if another process runs the job.
var ErrRunning = errors.New("the job is running")

// count reads the inputs and writes the file shards under a temporary name.
func (p *Plan) count(ctx context.Context, o Options) error {
	f, err := os.CreateTemp(p.dir, whole.Unfinished)
	if err != nil {
		return err
	}
	p.index = f.Name()
	w, err := newIndexWriter(f)
	c := counter{ctx: ctx, to: w, o: o, m: &p.Manifest}
	for i := range p.Manifest.Spec.Inputs {
		if err == nil {
			err = c.input(i)
		}
	}
	if err == nil {
		err = errors.Join(w.to.Flush(), f.Sync())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	p.Manifest.Plan = c.figures
	if c.sampled > 0 {
		p.Manifest.Plan.Tokens = int(float64(c.tokens) * float64(c.figures.Bytes) / float64(c.sampled))
	}
	p.Manifest.Plan.Index, err = digest(p.index)
	return err
}

// counter cuts inputs into shards.
type counter struct {
	ctx     context.Context
	to      *indexWriter
	o       Options
	m       *Manifest
	figures Figures

	// Of every 16th text and the first 1,000.
	tokens  int
	sampled int64 // bytes
}

func (c *counter) input(i int) error {
	path := c.m.Spec.Inputs[i].Path
	f, err := c.o.Formats.open(c.ctx, path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	r, err := rows.NewFile(f, c.m.reading(path, c.o.Formats))
	if err != nil {
		return fmt.Errorf("jobs: %s: %w", path, err)
	}
	s := shard{input: i, at: r.Place(), first: c.figures.Texts}
	var now sum
	bytes := 0
	cut := func() error {
		s.sum = now.crc
		if err := c.to.write(s); err != nil {
			return err
		}
		s = shard{input: i, at: r.Place(), first: c.figures.Texts}
		now.crc, bytes = 0, 0
		c.figures.Shards++
		return nil
	}
	for r.Next() {
		text := r.Row.Text
		now.add(r.Row)
		if n := c.figures.Texts; n < 1000 || n%16 == 0 {
			c.tokens += embedding.EstimateTokens(text)
			c.sampled += int64(len(text))
		}
		s.texts++
		bytes += len(text)
		c.figures.Texts++
		c.figures.Bytes += int64(len(text))
		if s.texts == c.m.Spec.ShardTexts || bytes >= shardBytes {
			if err := cut(); err != nil {
				return err
			}
			if c.o.Planning != nil {
				c.o.Planning(c.figures.Texts)
			}
			if err := c.ctx.Err(); err != nil {
				return err
			}
		}
	}
	if r.Err != nil {
		return fmt.Errorf("jobs: %s: %w", path, r.Err)
	}
	if s.texts == 0 {
		return nil
	}
	return cut()
}

// Start writes the manifest, after which the folder has the job, and opens it.
func (p *Plan) Start() (*Job, error) {
	if !p.Resumed {
		if err := os.Rename(p.index, filepath.Join(p.dir, indexName)); err != nil {
			return nil, err
		}
		p.index = ""
		p.Manifest.Created = time.Now().UTC().Truncate(time.Second)
		data, err := json.MarshalIndent(p.Manifest, "", " ")
		if err != nil {
			return nil, err
		}
		if err := putNew(filepath.Join(p.dir, manifestName), append(data, '\n')); err != nil {
			return nil, err
		}
		syncFolder(p.dir)
		p.made = false
	}
	j, err := p.formats.Open(p.dir)
	if err != nil {
		return nil, err
	}
	j.lock, p.lock = p.lock, nil
	return j, nil
}

// Discard leaves the folder as it was. After Start it does nothing.
func (p *Plan) Discard() {
	if p.lock == nil {
		if p.made {
			_ = os.Remove(p.dir) // only if it is empty
		}
		return
	}
	if p.index != "" {
		_ = os.Remove(p.index)
	}
	if p.made {
		_ = os.Remove(p.lock.Name())
	}
	_ = p.lock.Close()
	if p.lock = nil; p.made {
		_ = os.Remove(p.dir)
	}
}
