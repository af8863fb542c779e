// Package azure embeds texts with the deployments of an Azure OpenAI resource.
//
//	e, err := azure.New(azure.Options{Deployment: "docs", Model: "text-embedding-3-small"})
//
// with the key and the resource's address from AZURE_OPENAI_API_KEY and AZURE_OPENAI_ENDPOINT, or, by reference:
// providers.Open("azure:docs?model=text-embedding-3-small&dimensions=512").
//
// # Which model a deployment is
//
// A deployment has the name that its owner gave it, and answers do not prove what stands behind it. So nothing is derived
// from the name, not even where it is a model's. Options.Model is the user's word for it: with it the dimensions, limits
// and price are known, and the Space is OpenAI's own for that model (openai/text-embedding-3-small@1536), so that vectors made
// there can be searched from here. Without it nothing of this is known; the resource's host is the Provider and so part
// of the Space (docs.openai.azure.com/my-deployment@1536), and embedding.Probe learns the dimensions.
//
// A deployment that is set to upgrade itself may become another model under the same name: package canary notices.
//
// # Addresses
//
// The default is the v1 API, {endpoint}/openai/v1/embeddings. With Options.APIVersion, such as 2024-10-21, it is the older
// {endpoint}/openai/deployments/{deployment}/embeddings?api-version=... , which resources behind older gateways need.
//
// # Keys and tokens
//
// A key travels in the header api-key. Options.Token, instead of a key, is asked for a Microsoft Entra token before each
// request; it has to keep tokens itself until they expire, as the credentials of azidentity do:
//
//	Token: func(ctx context.Context) (string, error) {
//		t, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{azure.Scope}})
//		return t.Token, err
//	},
//
// Microsoft's pages contradict each other on tokens at the v1 API's address, and nobody has tried them.
package azure
