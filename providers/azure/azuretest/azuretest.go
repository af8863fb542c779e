// Package azuretest emulates the embeddings of an Azure OpenAI resource, so that programs and tests run against the service's
// limits and errors without a key, a network or a bill.
//
//	emulator, err := azuretest.New(azuretest.Options{Deployments: map[string]string{"docs": "text-embedding-3-small"}})
//	server := httptest.NewServer(emulator)
//	// endpoint: server.URL, key: azuretest.DefaultKey
//
// It is an http.Handler for both kinds of addresses, /openai/v1/embeddings and /openai/deployments/{deployment}/embeddings, in float or
// base64, with a key in api-key or a token in Authorization. A model's vectors are those that package openaitest has for it.
package azuretest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/azure"
	"github.com/vecspace/embedding/providers/internal/emulator"
)

// DefaultKey is the key of an emulator whose Options name none.
const DefaultKey = emulator.DefaultKey

// APIVersions are those that the older addresses have.
var APIVersions = [...]string{"2023-05-15", "2024-02-01", "2024-06-01", "2024-10-21"}

// What the emulators of all providers share.
type (
	Server   = emulator.Server
	Settings = emulator.Settings
	Rates    = emulator.Rates
	Fault    = emulator.Fault
	Ledger   = emulator.Ledger
)

// Options of New.
type Options struct {
	emulator.Options                   // Limits and rates are a deployment's, by its name
	Deployments      map[string]string // the model of each, by name; nil: each of azure.Models under its own name
	Tokens           []string          // Microsoft Entra tokens that are good; nil: none is
}

// New returns an emulator. It does no I/O.
func New(o Options) (*Server, error) {
	v := vendor{keys: o.GoodKeys(), tokens: o.Tokens, deployments: map[string]azure.ModelInfo{}}
	models := map[string]azure.ModelInfo{}
	for _, m := range azure.Models() {
		models[m.ID] = m
	}
	if o.Deployments == nil {
		v.deployments = models
	}
	for name, model := range o.Deployments {
		info, ok := models[model]
		if !ok {
			return nil, fmt.Errorf("azuretest: there is no model %q for the deployment %q: there are %s", model, name, strings.Join(slices.Sorted(maps.Keys(models)), ", "))
		}
		v.deployments[name] = info
	}
	return emulator.New(v, o.Options)
}

const callRate = "Requests to the Embeddings_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded %s rate limit of your current OpenAI S0 pricing tier. " +
	"Please retry after 6 seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit."

// words are the service's where azure's testdata/errors.jsonl has them, else they follow its manner.
var words = emulator.Words{
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

// The gateway's refusals have a code, the model's a type.
var (
	noDeployment = emulator.Refusal{Status: 404, Code: "DeploymentNotFound", Message: "The API deployment for this resource does not exist. " +
		"If you created the deployment within the last 5 minutes, please wait a moment and try again."}
	notFound   = emulator.Refusal{Status: 404, Code: "404", Message: "Resource not found"}
	badVersion = emulator.Refusal{Status: 400, Code: "BadRequest", Message: "API version not supported"}

	badJSON  = emulator.Refusal{Status: 400, Message: "We could not parse the JSON body of your request."}
	badField = emulator.Refusal{Status: 400, Message: "'$.%s' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference."}
	fixed    = emulator.Refusal{Status: 400, Message: "This model does not support specifying dimensions."}
	tooWide  = emulator.Refusal{Status: 400, Message: "Invalid value for 'dimensions' = %d. Must be less than or equal to %d."}
	tooMany  = emulator.Refusal{Status: 400, Message: "Too many inputs. The max number of inputs is %d.  We hope to increase the number of inputs per request soon. " +
		"Please contact us through an Azure support request at: https://go.microsoft.com/fwlink/?linkid=2213926 for further questions."}
	tooLong = emulator.Refusal{Status: 400, Message: "This model's maximum context length is %d tokens, however you requested %[2]d tokens " +
		"(%[2]d in your prompt; 0 for the completion). Please reduce your prompt; or completion length."}
	tooMuch = emulator.Refusal{Status: 400, Message: "Requested %d tokens, max %d tokens per request"}
)

type vendor struct {
	keys        emulator.Keys
	tokens      []string
	deployments map[string]azure.ModelInfo
}

func (v vendor) Profile() emulator.Profile {
	return emulator.Profile{Name: "azuretest", Errors: words.Faults(), Base64: true, Models: slices.Sorted(maps.Keys(v.deployments))}
}

func (v vendor) Head(h http.Header, r *emulator.Request) { h.Set("Apim-Request-Id", r.ID) }

// path is one of a resource's.
const (
	v1     = "/openai/v1/embeddings"
	before = "/openai/deployments/"
	after  = "/embeddings"
)

// deployment is the name in an address of the older kind, "" in v1's.
func deployment(path string) (name string, ok bool) {
	if path == v1 {
		return "", true
	}
	name, ok = strings.CutPrefix(path, before)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(name, after)
}

func (v vendor) Admit(r *emulator.Request) *emulator.Reply {
	_, ok := deployment(r.URL.Path)
	version := r.URL.Query().Get("api-version")
	switch token := r.Bearer(); {
	case !ok || r.Method != http.MethodPost:
		return gateway(notFound)
	case token != "" && !slices.Contains(v.tokens, token):
		return unauthorized()
	case token == "" && r.Request.Header.Get("Api-Key") == "":
		return unauthorized()
	case token == "" && !v.keys[r.Request.Header.Get("Api-Key")]:
		return gateway(words["auth"])
	case r.URL.Path == v1 && version != "" && version != "preview":
		return gateway(badVersion)
	case r.URL.Path != v1 && !slices.Contains(APIVersions[:], version):
		return gateway(notFound)
	}
	return nil
}

func unauthorized() *emulator.Reply {
	return &emulator.Reply{Status: http.StatusUnauthorized, Body: []byte(`{"statusCode":401,"message":"Unauthorized. Access token is missing, invalid, ` +
		`audience is incorrect (https://cognitiveservices.azure.com), or have expired."}`)}
}

func gateway(why emulator.Refusal) *emulator.Reply {
	type problem struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	return &emulator.Reply{Status: why.Status, Body: emulator.JSON(map[string]problem{"error": {why.Code, why.Message}})}
}

func refuse(why emulator.Refusal) *emulator.Reply {
	type problem struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    *string `json:"code"`
	}
	return &emulator.Reply{Status: why.Status, Body: emulator.JSON(map[string]problem{"error": {Message: why.Message, Type: "invalid_request_error"}})}
}

func (v vendor) Fault(_ *emulator.Request, f Fault) emulator.Reply { return *gateway(words.Of(f)) }

type request struct {
	Model      string         `json:"model"`
	Input      emulator.Texts `json:"input"`
	Format     string         `json:"encoding_format"`
	Dimensions *int           `json:"dimensions"`
}

func (v vendor) Parse(r *emulator.Request, body []byte) (emulator.Call, *emulator.Reply) {
	var req request
	if err := json.Unmarshal(body, &req); err != nil {
		return emulator.Call{}, refuse(badJSON)
	}
	if name, _ := deployment(r.URL.Path); name != "" {
		req.Model = name // what the body says there is ignored
	}
	info, ok := v.deployments[req.Model]
	if !ok {
		return emulator.Call{}, gateway(noDeployment)
	}
	c := emulator.Call{Model: req.Model, Space: info.ID, Base64: req.Format == "base64", Dimensions: info.Dimensions, Texts: req.Input, Rest: req}
	if req.Dimensions != nil {
		c.Dimensions = *req.Dimensions
	}
	return c, nil
}

func (v vendor) Check(r *emulator.Request, c *emulator.Call, tokens []int) (*emulator.Reply, bool) {
	req, info := c.Rest.(request), v.deployments[c.Model]
	switch {
	case len(c.Texts) == 0, slices.Contains(c.Texts, ""):
		return refuse(badField.With("input")), false
	case req.Format != "" && req.Format != "float" && req.Format != "base64":
		return refuse(badField.With("encoding_format")), false
	case req.Dimensions != nil && info.Fixed:
		return refuse(fixed), false
	case c.Dimensions < 1:
		return refuse(badField.With("dimensions")), false
	case c.Dimensions > info.Dimensions:
		return refuse(tooWide.With(c.Dimensions, info.Dimensions)), false
	}
	switch over := r.Excess(c, r.Limits(c.Model, info.Limits), tokens, emulator.CutNone); {
	case over == nil:
		return nil, false
	case over.Of == emulator.CountOfTexts:
		return refuse(tooMany.With(over.Allowed)), false
	case over.Of == emulator.TokensOfText:
		return refuse(tooLong.With(over.Allowed, over.Got)), true
	default:
		return refuse(tooMuch.With(over.Got, over.Allowed)), true
	}
}

func (v vendor) Answer(dst []byte, _ *emulator.Request, c *emulator.Call, items []emulator.Item, tokens int) []byte {
	return emulator.List(dst, items, c.Space, fmt.Sprintf(`{"prompt_tokens":%d,"total_tokens":%[1]d}`, tokens))
}
