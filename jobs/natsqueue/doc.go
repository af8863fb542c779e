// Package natsqueue shares a job's shards among processes on many machines through NATS JetStream.
//
//	server, err := natsqueue.Serve(natsqueue.ServerOptions{Dir: "nats", Token: token})
//	...
//	queue, err := natsqueue.New(ctx, conn, natsqueue.Options{Job: id, Done: job.Done})
//	...
//	err = job.Work(ctx, e, jobs.WorkOptions{Queue: queue})
//
// Each process adds the shards that are missing in the job's folder, which all of them see, and
// claims them one by one. NATS holds only the claims, one key of a bucket for each: neither texts
// nor keys nor vectors pass through it. If the server loses everything, the processes stop what
// they do, claim anew, and find the answers that were paid for in the job's folder.
//
// # Claims
//
// A claim is a key whose value names its process. Creating it fails if it is there, and each change
// names the revision that it replaces, so no shard has two holders in the bucket. A process shows
// that it lives by a key of its own. Another one that has seen no change of that key for a Lease,
// by its own watch, takes the claims over; clocks of two machines are never compared. A process
// that has not reached the server for half of a Lease, or sees its claim under another name, closes
// what [jobs.Lease] calls Lost.
//
// # One quota
//
// [ServeQuota] in one process and [NewQuota] in all make the limits of middleware.Limit those of
// all processes together.
package natsqueue
