// Temporal lets a workflow of Temporal do a job: its activities are processes that work on the job,
// and a workflow that waits days or moves to another machine loses nothing, because what is done is
// in the job's folder.
//
//	temporal server start-dev &
//	vecspace job run -in 'docs/*.jsonl' -out vectors -yes   # plans it; stop it with Ctrl-C
//	go run . &                                              # as often, and where, as you like
//	temporal workflow start --task-queue vecspace --type Embed \
//	    --input '{"Folder": "/data/vectors", "Workers": 2}'
package main

import (
	"context"
	"errors"
	"log"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/providers"
)

// Task is the input of the workflow: a job's folder, which all workers of Temporal see.
type Task struct {
	Folder  string
	Workers int // activities at once
}

// Embed does a job. It ends when no shard is left.
func Embed(ctx workflow.Context, t Task) (jobs.Status, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 30 * 24 * time.Hour,
		HeartbeatTimeout:    time.Minute, // then another worker takes over
		RetryPolicy:         &temporal.RetryPolicy{MaximumInterval: time.Minute, NonRetryableErrorTypes: []string{"Paused"}},
	})
	var all []workflow.Future
	for range max(1, t.Workers) {
		all = append(all, workflow.ExecuteActivity(ctx, Work, t.Folder))
	}
	for _, one := range all {
		if err := one.Get(ctx, nil); err != nil {
			return jobs.Status{}, err
		}
	}
	var s jobs.Status
	err := workflow.ExecuteActivity(ctx, Status, t.Folder).Get(ctx, &s)
	return s, err
}

// Work is an activity that does shards of a job until none is left.
func Work(ctx context.Context, folder string) error {
	j, err := jobs.Open(folder)
	if err != nil {
		return err
	}
	defer func() { _ = j.Close() }() // its results are on the disk
	e, err := providers.Open(j.Manifest.Spec.Embedder.Reference)
	if err != nil {
		return err
	}
	done := make(chan struct{})
	defer close(done)
	go beat(ctx, j, done)
	err = j.Work(ctx, e, jobs.WorkOptions{})
	if paused, ok := errors.AsType[*jobs.Paused](err); ok { // a person has to mend it, then: vecspace job resume
		return temporal.NewNonRetryableApplicationError(paused.Error(), "Paused", err)
	}
	return err
}

// beat tells Temporal that the activity lives, and how many texts it has done.
func beat(ctx context.Context, j *jobs.Job, done <-chan struct{}) {
	every := time.NewTicker(10 * time.Second)
	defer every.Stop()
	for {
		activity.RecordHeartbeat(ctx, j.Progress().Texts)
		select {
		case <-done:
			return
		case <-every.C:
		}
	}
}

// Status is an activity that says how far a job is.
func Status(_ context.Context, folder string) (jobs.Status, error) {
	j, err := jobs.Open(folder)
	if err != nil {
		return jobs.Status{}, err
	}
	defer func() { _ = j.Close() }() // it was only read
	return j.Status()
}

func main() {
	c, err := client.Dial(client.Options{})
	if err != nil {
		log.Fatalln("no Temporal at localhost:7233:", err)
	}
	defer c.Close()
	w := worker.New(c, "vecspace", worker.Options{})
	w.RegisterWorkflow(Embed)
	w.RegisterActivity(Work)
	w.RegisterActivity(Status)
	if err := w.Run(worker.InterruptCh()); err != nil {
		log.Println(err)
	}
}
