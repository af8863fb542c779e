package command

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vecspace/embedding/jobs"
)

const jobUsage = `usage: vecspace job run -in FILES -out FOLDER [FLAGS]
       vecspace job worker|status|pause|resume|cancel|retry|verify|merge|publish FOLDER [FLAGS]
       vecspace job init postgres://... -table NAME -text EXPRESSION -into NAME [FLAGS]
       vecspace job worker|status|pause|resume|retry|verify|drop postgres://... -into NAME [FLAGS]

A job embeds files of any size into a folder, and goes on where it was after a stop, a kill or a
crash: the same command again, or on another day. Each text is in the results exactly once, and is
paid for at most once beyond what was under way.

  run      plan a job, show its cost, and do it
  worker   help to do a job that runs, from another process that sees the same folder
  status   say how far it is
  pause    stop it in all processes, until resume
  resume   let it go on; run it again then
  cancel   end it for good and keep its results
  retry    do failed shards again; run it again then
  verify   read inputs and results again and compare them
  merge    write the vectors of all parts to one file, or to a table of PostgreSQL (full build)
  publish  copy the results to an object store, such as s3://bucket/vectors (full build)
  init     let a table of PostgreSQL have vectors that follow its texts (full build)
  drop     remove these vectors, and what keeps them

"vecspace job COMMAND -h" says more. The exit code is 0 if all is well, 1 if texts were rejected or
shards failed, 2 for a wrong call, and 3 if the job is paused.
`

// jobCommands are the words that may follow job.
var jobCommands = []string{"run", "worker", "status", "pause", "resume", "cancel", "retry", "verify", "merge", "publish", "init", "drop"}

// pausedError is that of a job that is paused; the program then exits with 3.
type pausedError struct{ error }

func (p Parts) job(ctx context.Context, args []string, std streams) error {
	if len(args) == 0 {
		return usagef("which command? There are %s", strings.Join(jobCommands, ", "))
	}
	if slices.Contains(jobCommands, args[0]) && onTable(args[0], args[1:]) {
		return p.jobTable(ctx, args[0], args[1:], std)
	}
	switch args[0] {
	case "-h", "-help", "--help":
		fmt.Fprint(std.out, jobUsage)
		return nil
	case "run":
		return p.jobRun(ctx, args[1:], std)
	case "worker":
		return p.jobWorker(ctx, args[1:], std)
	case "status":
		return jobStatus(ctx, args[1:], std)
	case "pause":
		return jobPause(args[1:], std)
	case "resume":
		return jobResume(args[1:], std)
	case "cancel":
		return jobCancel(ctx, args[1:], std)
	case "retry":
		return jobRetry(args[1:], std)
	case "verify":
		return p.jobVerify(ctx, args[1:], std)
	case "merge":
		return p.jobMerge(ctx, args[1:], std)
	case "publish":
		return p.jobPublish(ctx, args[1:], std)
	}
	return usagef("there is no command %q of job: there are %s", args[0], strings.Join(jobCommands, ", "))
}

// work is what a command does with a job and its folder.
type work func(j *jobs.Job, dir string) error

// jobFlagSet takes the flags of a command on a job, of which says tells what it does.
func jobFlagSet(name, says string) *flag.FlagSet {
	fs := flag.NewFlagSet("vecspace job "+name, flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "usage: %s FOLDER [FLAGS]\n\n%s\n\n", fs.Name(), says)
		fs.PrintDefaults()
	}
	return fs
}

// on parses the arguments of a command on a job, opens that, and closes it behind do.
func (p Parts) on(fs *flag.FlagSet, args []string, std streams, do work) error {
	rest, err := parse(fs, args, std)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usagef("one folder of a job is needed, and there are %d", len(rest))
	}
	j, err := p.Formats.Open(rest[0])
	if err != nil {
		return err
	}
	return errors.Join(do(j, rest[0]), j.Close())
}

func jobPause(args []string, std streams) error {
	fs := jobFlagSet("pause", "Stops the job in all processes, which wait for requests under way.")
	return Parts{}.on(fs, args, std, func(j *jobs.Job, dir string) error {
		if err := j.Pause(jobs.Pause{Kind: "asked", Reason: "vecspace job pause was called"}); err != nil {
			return err
		}
		fmt.Fprintf(std.err, "paused; vecspace job resume %s takes it back\n", dir)
		return nil
	})
}

func jobResume(args []string, std streams) error {
	fs := jobFlagSet("resume", "Takes back a pause. Run the job again afterwards.")
	return Parts{}.on(fs, args, std, func(j *jobs.Job, _ string) error {
		was, err := j.Resume()
		if err == nil && !was {
			fmt.Fprintln(std.err, "the job was not paused")
		} else if err == nil {
			fmt.Fprintln(std.err, "resumed: run the job again")
		}
		return err
	})
}

func jobCancel(ctx context.Context, args []string, std streams) error {
	fs := jobFlagSet("cancel", "Ends the job for good in all processes. Finished parts stay.")
	return Parts{}.on(fs, args, std, func(j *jobs.Job, dir string) error {
		if err := j.Cancel(); err != nil {
			return err
		}
		fmt.Fprintf(std.err, "canceled; finished parts stay in %s\n", dir)
		return cancelBatches(ctx, j, std)
	})
}

func jobRetry(args []string, std streams) error {
	fs := jobFlagSet("retry", "Makes the job do failed shards again. Run it again afterwards.")
	var shards []int
	fs.Func("shards", "also remove the results of these `numbers`, such as 3,17, and do them again", func(s string) error {
		for part := range strings.SplitSeq(s, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(part))
			if err != nil || n < 0 {
				return errors.New("write numbers with commas between them")
			}
			shards = append(shards, n)
		}
		return nil
	})
	return Parts{}.on(fs, args, std, func(j *jobs.Job, _ string) error {
		n, err := j.Retry(shards...)
		if err == nil {
			fmt.Fprintf(std.err, "%d shards will be done again: run the job again\n", n)
		}
		return err
	})
}

func (p Parts) jobVerify(ctx context.Context, args []string, std streams) error {
	fs := jobFlagSet("verify", "Reads inputs and results again: each record is there once, and nothing has changed.")
	asJSON := fs.Bool("json", false, "print what was found as JSON")
	return p.on(fs, args, std, func(j *jobs.Job, dir string) error {
		v, err := j.Verify(ctx)
		if err != nil {
			return err
		}
		if *asJSON {
			if err := printJSON(std, v); err != nil {
				return err
			}
		} else {
			fmt.Fprintf(std.out, "%d parts are whole: %d texts, %d vectors, %d rejected\n", v.Parts, v.Texts, v.Vectors, v.Rejected)
			for _, p := range v.Problems {
				fmt.Fprintln(std.out, p)
			}
		}
		if len(v.Damaged) > 0 {
			return fmt.Errorf("%d parts are damaged: vecspace job retry -shards %s %s makes the job do them again", len(v.Damaged), numbers(v.Damaged), dir)
		}
		if v.Missing+v.Failed > 0 {
			return fmt.Errorf("%d shards are not done and %d have failed", v.Missing, v.Failed)
		}
		return nil
	})
}

func numbers(all []int) string {
	var out []string
	for _, n := range all {
		out = append(out, strconv.Itoa(n))
	}
	return strings.Join(out, ",")
}

func printJSON(std streams, v any) error {
	enc := json.NewEncoder(std.out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func (p Parts) jobMerge(ctx context.Context, args []string, std streams) error {
	fs := jobFlagSet("merge", "Writes the vectors of all parts to one file, in the order of the texts, or with an ADDRESS such as\n"+
		"postgres://me@host/db to a new table of PostgreSQL with the columns index, id and embedding.")
	to := fs.String("o", "", "write to this `file`; ids of .npy go to FILE.ids")
	into := fs.String("into", "", "or to this new `table` of the data base at ADDRESS (full build)")
	address := ""
	if i := slices.IndexFunc(args, isDatabase); i >= 0 {
		address = args[i]
		args = slices.Delete(slices.Clone(args), i, i+1)
	}
	return p.on(fs, args, std, func(j *jobs.Job, _ string) error {
		switch {
		case address != "" && *to != "":
			return usagef("-o is a file and the address is of a table: leave one out")
		case address != "":
			return p.mergeInto(ctx, j, address, *into, std)
		case *into != "":
			return usagef("-into is a table: name its data base too, as in postgres://me@host/db")
		case *to == "" || isStdout(*to):
			return usagef("-o FILE is needed")
		}
		n, err := j.Merge(ctx, *to)
		if err == nil {
			fmt.Fprintf(std.err, "%s: %d vectors\n", *to, n)
		}
		return err
	})
}

func (p Parts) jobPublish(ctx context.Context, args []string, std streams) error {
	fs := jobFlagSet("publish", "Copies the parts that are done to an object store, and _SUCCESS.json last. Objects are never replaced,\n"+
		"and the same command goes on with what is missing.")
	to := fs.String("to", "", "the `address` below which the results are written, such as s3://bucket/vectors")
	return p.on(fs, args, std, func(j *jobs.Job, _ string) error {
		if *to == "" {
			return usagef("-to ADDRESS is needed")
		}
		done, err := j.Publish(ctx, *to)
		if err == nil && !done.Complete {
			err = errors.New("the job is not complete: when it is, the same command writes the rest")
		}
		if done != (jobs.Published{}) {
			fmt.Fprintf(std.err, "%s: %d parts written, %d were there\n", *to, done.Parts, done.Already)
		}
		return err
	})
}

// mergeInto writes the vectors of a job to a table.
func (p Parts) mergeInto(ctx context.Context, j *jobs.Job, address, into string, std streams) error {
	switch {
	case into == "":
		return usagef("-into NAME is needed, a new table")
	case p.Tables == nil:
		return usagef("tables need the full build: go install github.com/vecspace/embedding/full/cmd/vecspace@latest")
	}
	n, err := p.Tables.Copy(ctx, address, j, into)
	if err == nil {
		fmt.Fprintf(std.err, "%s: %d vectors; now create an index: CREATE INDEX ON %s USING hnsw (embedding %s_cosine_ops)\n", into, n, into, vectorType(j))
	}
	return err
}

// vectorType is pgvector's name for the vectors of a job.
func vectorType(j *jobs.Job) string {
	if j.Manifest.Spec.Output.DType == "float16" {
		return "halfvec"
	}
	return "vector"
}

func jobStatus(ctx context.Context, args []string, std streams) error {
	fs := jobFlagSet("status", "Says how far a job is. Texts of shards that are under way do not count.")
	asJSON := fs.Bool("json", false, "print it as JSON")
	watch := fs.Bool("watch", false, "print it again every five seconds until the job ends")
	page := fs.String("page", "", "show it as a page at this `address` of this machine, such as 127.0.0.1:8081")
	return Parts{}.on(fs, args, std, func(j *jobs.Job, dir string) error {
		if *page != "" {
			return servePage(ctx, j, dir, *page, std)
		}
		before, last := -1, time.Now()
		for {
			s, err := j.Status()
			if err != nil {
				return err
			}
			if *asJSON {
				err = printJSON(std, s)
			} else {
				rate := 0.0
				if before >= 0 {
					rate = float64(s.Done-before) / time.Since(last).Seconds()
				}
				fmt.Fprint(std.out, statusText(s, dir, rate))
			}
			before, last = s.Done, time.Now()
			if over := s.State != "running" && s.State != "stopped"; err != nil || !*watch || over {
				return err
			}
			if !rest(ctx) {
				return nil
			}
		}
	})
}

// rest waits until a status is printed again. It returns false if ctx ends first.
func rest(ctx context.Context) bool {
	wait := time.NewTimer(5 * time.Second)
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wait.C:
		return true
	}
}

// statusText is a status in words. rate is in texts a second, 0 if it is unknown.
func statusText(s jobs.Status, dir string, rate float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "job %s: %s, %d of %d texts (%d of %d shards)", s.ID, s.State, s.Done, s.Texts, s.ShardsDone, s.Shards)
	if rate > 0 {
		left := time.Duration(float64(s.Texts-s.Done) / rate * float64(time.Second))
		fmt.Fprintf(&b, ", %.1f texts/s, %s left", rate, left.Round(time.Second))
	}
	fmt.Fprintf(&b, "\n  vectors %d, rejected %d, shards that failed %d\n", s.Vectors, s.Rejected, s.ShardsFailed)
	if s.Requests > 0 {
		fmt.Fprintf(&b, "  %s\n", spent(s))
	}
	b.WriteString(batchesText(s.Batches))
	if len(s.Workers) > 0 {
		fmt.Fprintf(&b, "  processes %s\n", strings.Join(s.Workers, ", "))
	}
	if p := s.Pause; p != nil {
		fmt.Fprintf(&b, "  paused (%s): %s\n", p.Kind, p.Reason)
		if len(p.Suspect) > 0 {
			fmt.Fprintf(&b, "  done after the last good check: vecspace job retry -shards %s %s does them again\n", numbers(p.Suspect), dir)
		}
	}
	for _, f := range s.Failures[:min(len(s.Failures), mostErrors)] {
		fmt.Fprintf(&b, "  shard %d failed (texts %d to %d): %s\n", f.Shard, f.First, f.First+f.Texts-1, f.Reason)
	}
	return b.String()
}

// spent says what a job has cost.
func spent(s jobs.Status) string {
	out := fmt.Sprintf("%d requests, %d tokens", s.Requests, s.Tokens)
	if s.Currency != "" {
		out += fmt.Sprintf(", %.4f %s", s.Cost, s.Currency)
	}
	if s.AtLeast {
		out = "at least " + out
	}
	return out
}
