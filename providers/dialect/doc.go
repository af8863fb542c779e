// Package dialect defines what a service's wire is: where it takes requests, how it reads them, and
// how it writes answers and refusals. A [Dialect] holds no vectors, keys, limits or rates. A host
// puts them behind it: an emulator (package emulator), or a server in front of an
// [embedding.Embedder].
//
// A host answers a request in these steps:
//
//  1. It makes a [Request], and [Find] sets its [Route]. A refusal that is not Late goes out at
//     once.
//  2. It holds [Dialect.Key] against the keys it knows, unless the route is Open; [Words] has the
//     refusals.
//  3. A route with Info answers by itself.
//  4. [Dialect.Parse] reads the body into a [Call], and the host looks up the [Model].
//     [Call.Exceeds] says which limit the call exceeds, and [Dialect.Check] what else is wrong with
//     it.
//  5. It embeds the texts, and [Dialect.Answer] writes the vectors. [Say] turns an error into a
//     refusal.
//
// Each dialect is a package in its vendor's folder that exports New and nothing else.
package dialect
