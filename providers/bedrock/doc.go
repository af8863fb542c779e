// Package bedrock embeds texts with Amazon Bedrock: Titan Text Embeddings v2 and Cohere Embed v3 and v4.
//
//	e, err := bedrock.New(bedrock.Options{Model: "amazon.titan-embed-text-v2:0", Region: "us-east-1"})
//
// or, by reference: providers.Open("bedrock:cohere.embed-v4:0?region=eu-central-1&dimensions=1024").
//
// # Credentials
//
// The environment is read once, by New: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary ones, AWS_SESSION_TOKEN;
// or AWS_BEARER_TOKEN_BEDROCK, a Bedrock API key, which wins as it does in AWS' own SDKs. Requests are signed by the AWS SDK's
// core (Signature Version 4). Options.Credentials asks anything else before each request. The module
// github.com/vecspace/embedding/providers/bedrock/awsconfig makes one of the SDK's whole chain: profiles, SSO, roles of
// containers and instances. It is a module of its own, since the SDK's configuration is heavy.
//
// Credentials that end while a program runs, as AWS_SESSION_TOKEN's do, need Options.Credentials.
//
// # Requests
//
// Titan takes one text a request and throttles requests: middleware.Batch, with some in flight at a time, and
// middleware.Limit. Cohere's models take 96.
//
// A model is named by its id, by an inference profile (eu.cohere.embed-v4:0, global.cohere.embed-v4:0), or by an ARN. An ARN that
// does not say its model (application inference profiles, provisioned throughput) needs Options.Serves.
//
// # Vector spaces
//
// One Space per model and dimensions, whatever the region and the profile (bedrock/cohere.embed-v4:0@1536). Cohere serves the
// same models itself; whether the vectors are equal was not measured, so the Spaces differ: Options.Space asserts it.
package bedrock
