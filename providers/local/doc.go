// Package local runs a sentence-transformer in the process, from the folder in which
// sentence-transformers saves it: without a key, a server, cgo or a shared library.
//
//	e, err := local.New(local.Options{Folder: "models/all-MiniLM-L6-v2"})
//
// The package has no weights. Only programs that import it link it: [providers.Open] does no I/O
// and does not know it, so a program with references adds it to its table. The command vecspace
// does.
//
//	table := providers.Builtin()
//	table["local"] = local.Open
//	e, err := table.Open("local:models/all-MiniLM-L6-v2?truncate=true")
//
// # What it reads
//
// It reads config.json, model.safetensors (F32, or F16 and BF16, which are widened),
// tokenizer.json without its truncation and padding, modules.json, the pooling's config.json,
// sentence_bert_config.json and config_sentence_transformers.json. The encoder is a
// BERT or an XLM-RoBERTa, the tokenizer WordPiece or SentencePiece's Unigram, in any combination;
// the pooling is cls, mean or max. A setting or module that it does not know
// is an error that names it, because to leave it out would change vectors without a word. Do not
// change the folder while the model is in use: the table of words is mapped, not read. To replace a
// model, write another folder.
//
// # Vector spaces
//
// The Space has the folder's name and a hash of all that decides a vector: weights, tokenizer,
// pooling, normalization and length, and "+int8" if it computes so. [Options].Space unites folders
// of different names that hold the same.
//
// # Queries and documents
//
// The prompts of config_sentence_transformers.json are put in front of texts by the task: query for
// queries; document, passage or corpus for documents. Many folders have none although the model was
// trained with them: [Options].Prefix "auto" chooses them by the folder's name. Prefixes of your
// own replace all prompts, and [Options].Plain leaves them out.
//
// # Texts that are too long
//
// A text of more tokens than Limits.TextTokens is Rejected, and the error has both counts; what
// stands around a text is not in that limit. [Options].Truncate cuts it instead and keeps the last
// special token. Usage counts the tokens that ran through the model, those around the text
// included.
//
// # Speed and memory
//
// [Options].Quantize "int8" makes whole numbers of 8 bits of the layers' weights and of what they
// multiply: faster, in less memory, and in another Space.
//
// Kernels in assembly for AVX-512, AVX2 and NEON are chosen when a model is loaded; other
// processors run plain Go, about 40 times slower. GODEBUG=cpu.avx512f=off or cpu.avx2=off leaves
// out a kernel. The vector of a text depends neither on its place nor on its neighbors, to the last
// bit, but on the kernel: two kinds of processors agree within 1e-5. A call uses all cores, unless
// [Options].Threads says less; there is no padding, so texts need no order. A model needs about the
// memory of its weights as float32. docs/local.md has figures.
//
// [providers.Open]: https://pkg.go.dev/github.com/vecspace/embedding/providers#Open
package local
