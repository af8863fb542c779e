// Package jobs embeds files of any size into a folder, and survives whatever happens meanwhile:
// each text is in the results exactly once, and is paid for at most once beyond what was in flight.
//
//	plan, err := jobs.NewPlan(ctx, e, jobs.Options{Inputs: []string{"texts.txt"}, Out: "vectors"})
//	...
//	job, err := plan.Start()
//	...
//	err = job.Work(ctx, e, jobs.WorkOptions{})
//
// The same lines go on after a stop, a kill or a crash, and [Open] and [Job.Work] in other
// processes help. The command "vecspace job" does this and shows how far it is.
//
// # The folder
//
//	job.json                what the job is; it never changes
//	shards                  where each shard begins in the inputs
//	data/part-000000/       the results of a shard
//	    vectors.npy         or vectors.jsonl, or of one of Formats
//	    ids.txt             of .npy: the id of each row, or its index
//	    rejected.jsonl      records without a vector, and why
//	    part.json           counts, costs and checksums
//	failed/part-000000.json shards that were given up, until Retry
//	batch/MARK.json         what was given to the vendor's batch API, and what it has cost
//	_SUCCESS.json           there when every shard is done
//	paused.json             why the job waits
//
// Truth is job.json and the parts. A part is moved to its place with all its files at once, and
// never over another one, so that it is there whole or not at all, and once. All else (claims,
// workers, wal, tmp) may be lost at any time; it only saves work and money.
//
// Inputs may be objects of a [Store], and [Job.Publish] copies results there.
//
// # What is paid for
//
// Where answers cost something, each is written to a write-ahead file of its shard when it comes,
// and the next attempt at the shard reads it there. What a killed process had in flight is asked
// again. The files are not synced one by one, so a crash of the whole machine may lose some seconds
// of answers. Costs are what providers have counted; after a kill they are a lower bound, and say
// so.
//
// With [WorkOptions].Batches texts are asked for by the vendor's batch API, at a part of the price.
// What is given to it is written down before, so that a process that ends in between is not paid
// for again: the next looks for the batch at the vendor. The account of batches is exact after any
// kill.
//
// # Several processes
//
// A shard belongs to the process that holds its claim, see [Local]. Processes may be on several
// machines that see the same folder and the same inputs under the same names. Limits of requests
// and tokens are of one process.
package jobs
