// Package server serves any [embedding.Embedder] over HTTP in the formats that clients speak:
// OpenAI's at /v1, and those of Azure, Bedrock, Cohere, DashScope, Gemini, Jina, Ollama, Text
// Embeddings Inference (TEI) and Voyage. A program in any language then has the same chain behind
// the client that it has today.
//
//	h, err := server.New(server.Options{Models: map[string]server.Model{"search": {Embedder: e}}})
//	...
//	http.ListenAndServe("127.0.0.1:8090", h)
//
// A wire has a mount of its own, such as /voyage/v1/embeddings or /tei/MODEL/embed. Native paths
// that only one wire has work without it: /embed and /info, /api/embed and /api/tags, /v2/embed,
// /compatible-mode/v1/embeddings and DashScope's native path, /v1beta/models/MODEL:embedContent.
// Package dialect describes the wires.
//
// # Requests
//
// A request names a model by its key in [Options.Models] or by an alias. MODEL:query, or the field
// input_type of OpenAI's wire, says what the texts are for. A request has as many texts as
// [Limits.Texts] allows, and the Embedder splits them. Dimensions are the model's own, or
// shorter ones that [Model] offers; a request for any others is refused and never ignored.
//
// # Answers
//
// These headers go with the vectors: X-Request-Id (the client's, if it sends one),
// X-Vecspace-Space, X-Vecspace-Reused (texts that cost nothing), X-Vecspace-Cost (with a currency),
// X-Vecspace-Upstream-Ms, X-Vecspace-Ignored (fields that the server does not know) and
// Server-Timing. A client that sends X-Vecspace-Space pins the space: vectors of another one are
// refused with 412.
//
// If a text is rejected, the whole request is, with status 400 and the places of such texts; what
// was paid for is in the model's cache. X-Vecspace-Rejected has up to a hundred of the places,
// counted from 0 and joined by commas. On the wires with OpenAI's list, a client that sends
// X-Vecspace-Partial: true gets the other vectors, and null with an error for each rejected text.
//
// # Errors
//
// An error has the form of its wire and the server's own words. Its status is the same on every
// wire: a Rejected error is 400, TooLarge 413, Exhausted 402, RateLimited 429, Unavailable 503 and
// Malformed 502, and 504 after [Options.Timeout]. A provider that refuses the server's own key is
// 502. What is wrong with the request itself has the status of the wire's service, which is 400 on
// OpenAI's. Retry-After is passed on, and X-Should-Retry tells OpenAI's clients whether to repeat.
// X-Vecspace-Code says what the status does not (docs/serve.md lists the codes), so that our
// provider for the wire reports the Kind of the provider behind the server.
package server
