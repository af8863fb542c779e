// Package geminitest emulates the Gemini API's embeddings, so that programs and tests run against
// the service's limits and errors without a key, a network or a bill.
//
//	e, err := geminitest.New(emulator.Options{})
//	server := httptest.NewServer(e)
//	// base URL: server.URL + geminitest.BasePath, key: emulator.DefaultKey
//
// The emulator is an http.Handler for batchEmbedContents, embedContent and batches of embeddings
// (asyncBatchEmbedContent). It behaves like the service in these points:
//
//   - vectors of fewer than 3,072 dimensions are prefixes of the longest and do not have unit
//     length
//   - a task type changes only the vectors of gemini-embedding-001
//   - texts that are too long are cut
//   - answers do not report the tokens, which are billed all the same
//   - the requests of a batch are a file with keys, and a batch that expires has no answers
package geminitest

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/gemini"
	"github.com/vecspace/embedding/providers/gemini/geminidialect"
)

// BasePath is the path of a base URL.
const BasePath = "/v1beta"

// New returns an emulator. It does no I/O.
func New(o emulator.Options) (*emulator.Server, error) {
	v := emulator.Vendor{Name: "geminitest", Dialect: geminidialect.New(), Faults: emulator.Faults(words), Positional: true, Unmetered: true,
		Batches: BasePath, BatchLines: 50_000, BatchOperations: true}
	for _, m := range emulator.Models(gemini.Catalog()) {
		m.Symmetric = m.ID != "gemini-embedding-001"
		v.Models = append(v.Models, m)
	}
	return emulator.New(v, o)
}

const quota = "You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: " +
	"https://ai.google.dev/gemini-api/docs/rate-limits. \n* Quota exceeded for metric: generativelanguage.googleapis.com/embed_content_free_tier_requests, limit: "

// words are the service's where gemini's testdata/errors.jsonl has them, else they follow its
// manner.
var words = map[string]dialect.Refusal{
	"auth":                 {Status: 400, Code: "INVALID_ARGUMENT", Message: "API key not valid. Please pass a valid API key.", Kind: embedding.Auth},
	"no-key":               {Status: 403, Code: "PERMISSION_DENIED", Message: "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.", Kind: embedding.Auth},
	"wrong-region":         {Status: 400, Code: "FAILED_PRECONDITION", Message: "User location is not supported for the API use.", Kind: embedding.Auth},
	"exhausted":            {Status: 429, Code: "RESOURCE_EXHAUSTED", Message: "Your prepayment credits are depleted.", Kind: embedding.Exhausted},
	"resource-exhausted":   {Status: 429, Code: "RESOURCE_EXHAUSTED", Message: "Resource has been exhausted (e.g. check quota).", Kind: embedding.RateLimited},
	"overloaded":           {Status: 503, Code: "UNAVAILABLE", Message: "The model is overloaded. Please try again later.", Kind: embedding.Unavailable},
	"deadline":             {Status: 504, Code: "DEADLINE_EXCEEDED", Message: "Deadline expired before operation could complete.", Kind: embedding.Unavailable},
	emulator.InternalError: {Status: 500, Code: "INTERNAL", Message: "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting", Kind: embedding.Unavailable},
	emulator.RequestRate:   {Status: 429, Code: "RESOURCE_EXHAUSTED", Message: quota + "100, model: gemini-embedding-1.0", Kind: embedding.RateLimited},
	emulator.TokenRate:     {Status: 429, Code: "RESOURCE_EXHAUSTED", Message: quota + "30000, model: gemini-embedding-1.0", Kind: embedding.RateLimited},
}
