// Package wire is the HTTP of all providers. An [Exchange] sends a request and reads its answer;
// providers add the format of both.
//
// Each rule has one home: the transport and base URLs in transport.go, proof of who asks and the
// fate of an answer in exchange.go, its bytes in answer.go, the understanding of refusals in
// failure.go, waits in retryafter.go, and words without keys and texts in redact.go.
package wire
