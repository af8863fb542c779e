// Package bucket has object stores for jobs, by gocloud.dev/blob: S3 and what speaks like it, a
// folder, and memory.
//
//	formats := jobs.Formats{Stores: bucket.Stores()}
//	plan, err := jobs.NewPlan(ctx, e, jobs.Options{
//		Inputs: []string{"s3://bucket/docs.jsonl"}, Field: "text", Out: "vectors", Formats: formats,
//	})
//	...
//	_, err = job.Publish(ctx, "s3://bucket/vectors")
//
// An address is s3://BUCKET/KEY, file:///FOLDER/FILE or mem://BUCKET/KEY. Keys, the region and
// another endpoint come from the environment, as AWS's own tools read it (AWS_ACCESS_KEY_ID,
// AWS_REGION, AWS_ENDPOINT_URL_S3); VECSPACE_S3_PATH_STYLE=1 names the bucket in the path, as many
// servers want it.
package bucket
