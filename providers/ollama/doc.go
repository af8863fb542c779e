// Package ollama embeds texts with a local Ollama server, by its own API (POST /api/embed), so that keep_alive, truncate
// and the errors of loading a model are right.
//
//	e, err := ollama.New(ollama.Options{Model: "nomic-embed-text"})
//
// # Whom it asks
//
// Options.BaseURL, else the variable OLLAMA_HOST as Ollama itself reads it (host, host:port or a URL), else
// http://127.0.0.1:11434. No key is sent unless Options.Key or Options.KeyEnv has one, for a proxy in front of the server.
// The first call loads the model, which can take a minute: give middleware.Timeout that much, or warm up first.
//
// # Texts that are too long
//
// Ollama cuts them by default, silently. This package asks it not to, so that such a text is Rejected;
// Options.Truncate cuts. Versions from 0.13.5 on were seen to ignore the wish to cut for some models
// (https://github.com/ollama/ollama/issues/14186).
//
// # Queries and documents
//
// Ollama sends texts to the model as they are, while many models were trained with a prefix that tells queries from
// documents. Models is a table of them (of their default tag: another
// may be another model), and their prefixes are put in front by default; Options.Plain sends texts as
// they are, Options.QueryPrefix and Options.DocumentPrefix are for models that the table does not know. What is
// put in front is in Model.Variant.
//
// # Dimensions
//
// The table knows the dimensions of its models. For others they are unknown until the first answer (embedding.Probe
// asks) or given by Options.NativeDimensions. Options.Dimensions asks the server to cut every vector and to bring it
// back to unit length, which makes sense for models that were trained for it only.
package ollama
