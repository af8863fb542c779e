// Package dialect describes the wire format of an embedding service: where it takes requests, how
// it reads them, and how it writes answers and refusals. A [Dialect] has no vectors, keys, limits
// or rates. A host supplies them: an emulator (package emulator), or a server in front of an
// [embedding.Embedder].
//
// A host answers a request in these steps:
//
//  1. It makes a [Request], and [Find] sets its [Route]. A refusal goes out at once unless it is
//     Late; a Late one waits until the key is known to be good.
//  2. Unless the route is Open, it compares [Dialect.Key] with the keys it knows. [Words] has the
//     refusals.
//  3. If the route has Info, that is the answer.
//  4. [Dialect.Parse] reads the body into a [Call], and the host looks up the [Model].
//     [Call.Exceeds] finds the first limit that the call exceeds, and [Dialect.Check] returns the
//     refusal for that or for anything else that is wrong.
//  5. It embeds the texts, and [Dialect.Answer] writes the vectors. [Say] turns an error into a
//     refusal.
//
// Each dialect is a package in its vendor's folder that exports only New.
package dialect
