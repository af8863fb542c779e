// Package azure embeds texts with the deployments of an Azure OpenAI resource.
//
//	e, err := azure.New(azure.Options{Deployment: "docs", Model: "text-embedding-3-small"})
//
// This call takes the key and the resource's address from AZURE_OPENAI_API_KEY and
// AZURE_OPENAI_ENDPOINT. The same as a reference:
// providers.Open("azure:docs?model=text-embedding-3-small&dimensions=512").
//
// # Which model a deployment serves
//
// The owner chooses a deployment's name, and no answer proves which model serves it. So this
// package derives nothing from the name, even where it is a model's name. [Options].Model is your
// word for the model. With it, dimensions, limits and price are known, and the Space is OpenAI's
// own for the model (openai/text-embedding-3-small@1536), so either service searches what the other
// embedded. Without it they are unknown, the resource's host is the Provider, its address a part of
// the Space (docs.openai.azure.com/my-deployment@1536). [embedding.Probe] learns the dimensions.
//
// A deployment may be set to upgrade itself to another model under the same name. Package canary
// detects that.
//
// # Addresses
//
// [Options].Endpoint is the resource's address alone. A project's (/api/projects/...) has no
// embeddings, and paths that were pasted from a request are refused.
//
// The default is the v1 API, {endpoint}/openai/v1/embeddings. With [Options].APIVersion, such as
// 2024-10-21, requests go to the older address that some gateways need:
// {endpoint}/openai/deployments/{deployment}/embeddings?api-version=...
//
// # Keys and tokens
//
// A key travels in the api-key header. [Options].Token replaces the key. It returns a Microsoft
// Entra token for each request and keeps tokens itself until they expire, as azidentity's
// credentials do:
//
//	Token: func(ctx context.Context) (string, error) {
//		t, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{azure.Scope}})
//		return t.Token, err
//	},
//
// Microsoft's pages contradict each other on tokens at the v1 API's address, and we have not tried
// them.
package azure
