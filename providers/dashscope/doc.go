// Package dashscope embeds texts with Alibaba Cloud Model Studio (DashScope, Bailian), through its
// OpenAI-compatible API or its native one.
//
//	o := dashscope.Options{Model: "text-embedding-v4", Dimensions: 1024, Region: "intl"}
//	e, err := dashscope.New(o)
//
// The same by reference, with the key from DASHSCOPE_API_KEY:
// providers.Open("dashscope:text-embedding-v4?region=intl").
//
// # Regions and keys
//
// A key belongs to one region. Every other region refuses it in the words for a wrong key.
// [Options].Region names it. [Options].Workspace asks a workspace's own host. [Options].BaseURL,
// or the variable DASHSCOPE_COMPATIBLE_BASE_URL, asks any other address, such as a proxy or the
// emulator of package dashscopetest. The variable says where, the region what: a reference with
// region= goes to the variable's address.
//
// DASHSCOPE_API_KEY travels to the service's own hosts, to this machine and to the variable's
// address. Any other base URL needs [Options].Key or [Options].KeyEnv.
//
// # Limits
//
// [Catalog] lists the models with their dimensions, limits and prices. More texts than
// Limits.Texts are TooLarge before anything is sent; middleware.Batch splits them. The service does
// not document how many tokens a request may hold, so that limit is unknown unless [Options].Limits
// has it.
//
// # Vector spaces
//
// The service's hosts, all under aliyuncs.com, share one Space per model and dimensions
// (dashscope/text-embedding-v4@1024): vectors made in one region can be searched from another. Any
// other server may serve another model under the same name, so its address is part of the Space
// (dashscope@127.0.0.1:8089/...). [Options].Space overrides both.
//
// # Queries and documents
//
// The native API takes a text_type (query or document) and an instruction for queries, and
// documents that they take effect. [Options].Native (native=true in a reference) asks that API and
// always sends the text type.
//
// The compatible API accepts both and documents neither. Nobody measured whether it uses them, so
// this package sends them there only for [Options].TextType or [Options].Instruct.
//
// Either way the Model's Variant says so, and the Model is not Symmetric: a query and a document
// with the same words are cached apart. Text types never change the Space, since queries are made
// to be compared with documents.
//
// The native API also has sparse vectors. This package does not ask for them: there is no type for
// them yet.
package dashscope
