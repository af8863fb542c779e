// Package bedrock embeds texts with Amazon Bedrock: Titan Text Embeddings v2 and Cohere Embed v3
// and v4.
//
//	o := bedrock.Options{Model: "amazon.titan-embed-text-v2:0", Region: "us-east-1"}
//	e, err := bedrock.New(o)
//
// The same by reference:
// providers.Open("bedrock:cohere.embed-v4:0?region=eu-central-1&dimensions=1024").
//
// # Credentials
//
// [New] reads the environment once: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, with
// AWS_SESSION_TOKEN for temporary credentials, or AWS_BEARER_TOKEN_BEDROCK, a Bedrock API key. The
// key wins, as in AWS' own SDKs. The core of the AWS SDK signs requests (Signature Version 4).
//
// [Options].Credentials replaces the environment and is asked before each request. Credentials that
// expire while a program runs, such as AWS_SESSION_TOKEN's, need it. The module
// github.com/vecspace/embedding/providers/bedrock/awsconfig makes one from the SDK's whole chain:
// profiles, SSO, roles of containers and instances. It is a separate module because the SDK's
// configuration is heavy.
//
// # Requests
//
// Titan takes one text a request and throttles requests: use middleware.Batch with some requests in
// flight, and middleware.Limit. Cohere's models take 96 texts.
//
// A model's name is its id, an inference profile (eu.cohere.embed-v4:0, global.cohere.embed-v4:0)
// or an ARN. An ARN that does not name its model (application inference profiles, provisioned
// throughput) needs [Options].Serves. An ARN's region is the one that is asked.
//
// A text of more than 2,048 characters is too long for Cohere's v3 on Bedrock, even where the
// service cuts texts to 512 tokens. The Embedder refuses it before anything is sent, or cuts it
// with [Options].Truncate.
//
// # Vector spaces
//
// There is one Space per model and dimensions, in every region and profile
// (bedrock/cohere.embed-v4:0@1536). Cohere serves the same models itself. Nobody measured whether
// the vectors are equal, so the Spaces differ; [Options].Space unites them.
package bedrock
