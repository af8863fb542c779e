// Package embedding turns texts into vectors. Providers are swapped by changing one string.
//
// # Calling
//
// An application depends on one small interface, [Embedder]:
//
//	e, err := providers.Open("static:base") // or "dashscope:text-embedding-v4"
//	...
//	e = embedding.Chain(e, middleware.Standard(middleware.StandardOptions{}))
//	vectors, err := embedding.Documents(ctx, e, texts)
//
// [Documents] embeds what is stored, [Query] what is searched for, and [Stream] and [Lines]
// inputs of any length. All four return vectors that are the caller's own.
//
// Vectors are comparable only inside one [Space]. The Space is compared wherever vectors could
// meet: in a cache, in a fallback, in a store.
//
// Every failure has a [Kind], which says what can be done about it: errors.Is(err,
// embedding.RateLimited) asks for one. When some texts fail, the error is a [*PartialError] with
// the vectors of the others, and [Salvage] returns them. Errors contain neither keys nor texts.
//
// # Writing a provider
//
// A provider implements [Embedder] without checking its input or its output: [Chain] puts a guard
// around it, once. The guard makes sure that
//
//   - an empty request makes no call, and more texts than [Limits].Texts are [TooLarge]
//   - a text that is empty, blank or not UTF-8 is [Rejected] with its index, and the others are
//     sent
//   - an answer has one vector per text, each of [Model].Dimensions finite values (if the Model
//     does not give the dimensions, the first answer sets them)
//   - every error is the caller's context error, an [*Error] or a [*PartialError]
//
// [Model] describes the vectors: their Space, and the Variant if an instruction or a prefix changes
// them. [Model.Errorf] makes an [*Error], and [KindOfStatus] classifies an HTTP status. Package
// embedtest tests a provider.
//
// # Writing a layer
//
// A [Middleware] is built with [Wrap]. A layer that splits a request uses [Request.Pick], and a
// [Merger] puts the answers together. [EstimateTokens] sizes requests.
//
// Nobody edits what is shared: [Request].Texts belongs to the caller, and rows of a [Response]
// may be shared with a cache.
package embedding
