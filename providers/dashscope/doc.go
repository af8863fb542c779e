// Package dashscope embeds texts with Alibaba Cloud Model Studio (DashScope, Bailian), through its OpenAI-compatible API or its own.
//
//	e, err := dashscope.New(dashscope.Options{Model: "text-embedding-v4", Dimensions: 1024, Region: "intl"})
//
// or, with the key from DASHSCOPE_API_KEY, by reference: providers.Open("dashscope:text-embedding-v4?region=intl").
//
// # Regions and keys
//
// A key belongs to one region, and every other region refuses it with the words it has for a wrong key. Regions lists
// them; Options.Workspace asks a workspace's own host; Options.BaseURL, or the variable DASHSCOPE_COMPATIBLE_BASE_URL,
// asks any other address, such as a proxy or the emulator of package dashscopetest. What is said in Options (or in a
// reference) wins over the variable.
//
// # Limits
//
// Models is the table of models with their dimensions, limits and prices. More texts than Limits.Texts are refused with
// TooLarge before anything is sent; middleware.Batch splits. How many tokens a request may hold in all is not
// documented, so it is unknown unless Options.Limits says it.
//
// # Vector spaces
//
// The service's hosts, those under aliyuncs.com, share one Space per model and dimensions
// (dashscope/text-embedding-v4@1024), so that vectors made in one region can be searched from another. Any other host
// may serve another model under the same name, so its name is part of the Space (dashscope@127.0.0.1/...). Options.Space
// overrides both: the user asserts.
//
// # Queries and documents
//
// The service's native API takes a text_type (query or document) and an instruction for queries, and documents that they take
// effect. Options.Native (native=true in a reference) asks it, and then always says the text type.
//
// The compatible API does not document them, accepts them, and may or may not heed them: no measurement is known. They are
// sent there only if Options.TextType or Options.Instruct ask for it.
//
// Either way the Model says so in its Variant, and is not Symmetric: a query and a document of the same words are cached
// apart. Text types never change the Space, since queries are made to be compared with documents.
//
// The native API can also give sparse vectors. They are not asked for: there is no type for them yet.
package dashscope
