// Package voyage embeds texts with Voyage AI, now part of MongoDB.
//
//	e, err := voyage.New(voyage.Options{Model: "voyage-4"}) // key from VOYAGE_API_KEY
//
// A key of MongoDB Atlas, which begins with al-, is taken to Atlas' address, every other to Voyage's own.
//
// # Queries and documents
//
// The service puts a prompt of its own in front of queries and of documents (input_type); for embedding.TaskQuery and
// embedding.TaskDocument it is asked to, for the other tasks it is not.
//
// # One space
//
// The models of series 4 share one vector space: documents of voyage-4-large may be searched with queries of
// voyage-4-lite. So their Space is the same at the same dimensions.
//
// # Limits
//
// 1,000 texts a request, and a number of tokens that differs by model. A text over the model's length is refused, unless
// Options.Truncate has the service cut it.
package voyage
