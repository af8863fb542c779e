// Package voyage embeds texts with Voyage AI, now part of MongoDB.
//
//	e, err := voyage.New(voyage.Options{Model: "voyage-4"}) // key from VOYAGE_API_KEY
//
// A MongoDB Atlas key, which begins with al-, selects Atlas' address; any other key selects
// Voyage's own.
//
// # Queries and documents
//
// The service puts a prompt of its own in front of queries and of documents (input_type). This
// package asks for it for [embedding.TaskQuery] and [embedding.TaskDocument], and not for the other
// tasks.
//
// # One space
//
// The models of series 4 share one vector space: queries of voyage-4-lite may search documents of
// voyage-4-large. So models of series 4 have the same Space at the same dimensions.
//
// # Limits
//
// A request holds at most 1,000 texts, and a number of tokens that depends on the model. The
// service refuses a text over the model's length, unless [Options].Truncate makes it cut the text.
package voyage
