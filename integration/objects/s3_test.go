// Package objects has the tests of jobs with an object store.
package objects

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/jobs/bucket"
	"github.com/vecspace/embedding/jobs/parquet"
	"github.com/vecspace/embedding/providers"
)

// TestS3: a job reads objects over S3's wire, and publishes what nobody ever replaces, also when
// several write one object at once.
func TestS3(t *testing.T) {
	s := servers.Moto(t)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_S3": s.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "VECSPACE_S3_PATH_STYLE": "1",
	} {
		t.Setenv(name, value)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL+"/docs", nil)
	expect.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	expect.NoError(t, err)
	expect.NoError(t, res.Body.Close())
	expect.Equal(t, "the bucket's status", res.StatusCode, 200)

	store := bucket.Stores()["s3"]
	var wrote atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			switch err := store.Put(t.Context(), "s3://docs/one", strings.NewReader(fmt.Sprint(i))); {
			case err == nil:
				wrote.Add(1)
			case !errors.Is(err, fs.ErrExist):
				t.Errorf("an object that is there: got the error %v, want fs.ErrExist", err)
			}
		})
	}
	all.Wait()
	expect.Equal(t, "writers of one object that did it", wrote.Load(), 1)

	formats := parquet.Formats()
	formats.Stores = map[string]jobs.Store{"s3": store}
	for f := range 2 {
		var b strings.Builder
		for i := range 500 {
			fmt.Fprintf(&b, "{\"t\":\"the report %d\",\"id\":\"r%d\"}\n", f*500+i, f*500+i)
		}
		expect.NoError(t, store.Put(t.Context(), fmt.Sprintf("s3://docs/in/%d.jsonl", f), strings.NewReader(b.String())))
	}
	in, err := formats.Glob(t.Context(), "s3://docs/in/*.jsonl")
	expect.NoError(t, err)
	e, err := providers.Open("static:base?dimensions=64")
	expect.NoError(t, err)
	run := func(o jobs.Options) *jobs.Job {
		o.Out, o.Formats, o.Field, o.ID, o.To, o.ShardTexts = filepath.Join(t.TempDir(), "out"), formats, "t", "id", "parquet", 150
		p, err := jobs.NewPlan(t.Context(), e, o)
		expect.NoError(t, err)
		j, err := p.Start()
		expect.NoError(t, err)
		t.Cleanup(func() { _ = j.Close() })
		expect.NoError(t, j.Work(t.Context(), e, jobs.WorkOptions{}))
		v, err := j.Verify(t.Context())
		expect.NoError(t, err)
		expect.Equal(t, "vectors", fmt.Sprint(v.Vectors, v.Problems), "1000 []")
		return j
	}
	j := run(jobs.Options{Inputs: in})
	done, err := j.Publish(t.Context(), "s3://docs/out")
	expect.NoError(t, err)
	expect.Equal(t, "published", done, jobs.Published{Parts: 8, Complete: true})
	done, err = j.Publish(t.Context(), "s3://docs/out")
	expect.NoError(t, err)
	expect.Equal(t, "published again", done, jobs.Published{Already: 8, Complete: true})
	objects, err := store.Glob(t.Context(), "s3://docs/out/data/*/vectors.parquet")
	expect.NoError(t, err)
	expect.Equal(t, "objects", len(objects), 8)
	_, err = store.Stat(t.Context(), "s3://docs/none")
	expect.Equal(t, "an object that is not there", errors.Is(err, fs.ErrNotExist), true)
	_, err = store.Stat(t.Context(), "s3://none/none")
	expect.Equal(t, "a bucket that is not there is an error", err != nil, true)
}
