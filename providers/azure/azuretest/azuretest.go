// Package azuretest emulates the embeddings of an Azure OpenAI resource, so that programs and tests
// run against the service's limits and errors without a key, a network or a bill.
//
//	deployments := map[string]string{"docs": "text-embedding-3-small"}
//	e, err := azuretest.New(azuretest.Options{Deployments: deployments})
//	server := httptest.NewServer(e)
//	// endpoint: server.URL, key: emulator.DefaultKey
//
// The emulator is an http.Handler for both kinds of addresses, /openai/v1/embeddings and
// /openai/deployments/{deployment}/embeddings. It answers in float or base64, and takes a key in
// api-key or a token in Authorization. A model's vectors are equal to those of package openaitest.
package azuretest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/azure"
	"github.com/vecspace/embedding/providers/azure/azuredialect"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/emulator"
)

// Options configures [New].
type Options struct {
	emulator.Options                   // Settings.Limits and rates are by deployment
	Deployments      map[string]string // each deployment's model; nil means one deployment per model of azure.Catalog, with its name
	Tokens           []string          // good Microsoft Entra tokens; nil means none
}

// New returns an emulator. It does no I/O.
func New(o Options) (*emulator.Server, error) {
	v := emulator.Vendor{Name: "azuretest", Dialect: azuredialect.New(), Faults: emulator.Faults(words), Base64: true}
	models, deployments := map[string]dialect.Model{}, maps.Clone(o.Deployments)
	for _, m := range emulator.Models(azure.Catalog()) {
		models[m.ID] = m
	}
	if deployments == nil {
		deployments = map[string]string{}
		for id := range models {
			deployments[id] = id
		}
	}
	for _, name := range slices.Sorted(maps.Keys(deployments)) {
		m, ok := models[deployments[name]]
		if !ok {
			return nil, fmt.Errorf("azuretest: there is no model %q for the deployment %q: there are %s", deployments[name], name, strings.Join(slices.Sorted(maps.Keys(models)), ", "))
		}
		m.Name = name
		v.Models = append(v.Models, m)
	}
	if o.Keys == nil {
		o.Keys = []string{emulator.DefaultKey}
	}
	for _, token := range o.Tokens {
		o.Keys = append(slices.Clip(o.Keys), "Bearer "+token)
	}
	return emulator.New(v, o.Options)
}

const callRate = "Requests to the Embeddings_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded %s rate limit of your current OpenAI S0 pricing tier. " +
	"Please retry after 6 seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit."

// words are the service's own if azure's testdata/errors.jsonl has them, otherwise in its manner.
var words = map[string]dialect.Refusal{
	"auth": {Status: 401, Code: "401", Kind: embedding.Auth, Message: "Access denied due to invalid subscription key or wrong API endpoint. " +
		"Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."},
	"permission": {Status: 401, Code: "PermissionDenied", Kind: embedding.Auth, Message: "The principal `00000000-0000-0000-0000-000000000000` lacks the required data action " +
		"`Microsoft.CognitiveServices/accounts/OpenAI/deployments/embeddings/action` to perform `POST /openai/deployments/{deployment-id}/embeddings` operation."},
	"firewall":             {Status: 403, Code: "403", Message: "Access denied due to Virtual Network/Firewall rules.", Kind: embedding.Auth},
	"exhausted":            {Status: 429, Code: "insufficient_quota", Message: "You exceeded your current quota, please check your plan and billing details.", Kind: embedding.Exhausted},
	"overloaded":           {Status: 503, Code: "503", Message: "The service is temporarily unable to process your request. Please try again later.", Kind: embedding.Unavailable},
	emulator.InternalError: {Status: 500, Code: "InternalServerError", Message: "Internal server error", Kind: embedding.Unavailable},
	emulator.RequestRate:   {Status: 429, Code: "429", Message: fmt.Sprintf(callRate, "call"), Kind: embedding.RateLimited},
	emulator.TokenRate:     {Status: 429, Code: "429", Message: fmt.Sprintf(callRate, "token"), Kind: embedding.RateLimited},
}
