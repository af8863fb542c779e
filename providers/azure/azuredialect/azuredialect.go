// Package azuredialect implements the wire format of Azure OpenAI's embeddings at both kinds of
// addresses: /openai/v1/embeddings and /openai/deployments/{deployment}/embeddings. Requests name a
// deployment as the model.
package azuredialect

import (
	"encoding/json"
	"slices"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/openai/openaidialect"
)

// wire is OpenAI's wire behind a gateway. The gateway's refusals have a code, and the model's have
// a type.
type wire struct{ dialect.Dialect }

// New returns the dialect.
func New() dialect.Dialect { return wire{openaidialect.New()} }

// Forms of refusals other than the gateway's.
const (
	ofModel = "model"
	ofToken = "token"
)

// versions are the API versions of the older addresses.
var versions = []string{"2023-05-15", "2024-02-01", "2024-06-01", "2024-10-21"}

var words = dialect.Words{
	NoPath:   notFound,
	NoMethod: notFound,
	NoKey:    badToken,
	BadKey: dialect.Refusal{Status: 401, Code: "401", Kind: embedding.Auth, Message: "Access denied due to invalid subscription key or wrong API endpoint. " +
		"Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."},
	NoModel: dialect.Refusal{Status: 404, Code: "DeploymentNotFound", Message: "The API deployment for this resource does not exist. " +
		"If you created the deployment within the last 5 minutes, please wait a moment and try again."},
	LargeBody: dialect.Refusal{Status: 413, Code: "RequestEntityTooLarge", Message: "Request body is too large", Kind: embedding.TooLarge},
	Kinds: map[embedding.Kind]dialect.Refusal{
		embedding.Invalid:     {Status: 400, Code: "BadRequest", Message: "{why}"},
		embedding.Rejected:    {Status: 400, Code: "content_filter", Message: "{why}"},
		embedding.TooLarge:    {Status: 413, Code: "RequestEntityTooLarge", Message: "{why}"},
		embedding.RateLimited: {Status: 429, Code: "429", Message: "Requests have exceeded the rate limit of the deployment."},
		embedding.Exhausted:   {Status: 402, Code: "insufficient_quota", Message: "You exceeded your current quota, please check your plan and billing details."},
		embedding.Unavailable: {Status: 503, Code: "503", Message: "The service is temporarily unable to process your request. Please try again later."},
		embedding.Unknown:     {Status: 500, Code: "InternalServerError", Message: "Internal server error"},
		embedding.Malformed:   {Status: 502, Code: "BadGateway", Message: "Bad gateway"},
	},
}

var (
	notFound   = dialect.Refusal{Status: 404, Code: "404", Message: "Resource not found"}
	badVersion = dialect.Refusal{Status: 400, Code: "BadRequest", Message: "API version not supported"}
	badToken   = dialect.Refusal{Status: 401, Form: ofToken, Kind: embedding.Auth, Message: "Unauthorized. Access token is missing, invalid, " +
		"audience is incorrect (https://cognitiveservices.azure.com), or have expired."}
	badJSON = dialect.Refusal{Status: 400, Form: ofModel, Message: "We could not parse the JSON body of your request."}
	tooMany = dialect.Refusal{Status: 400, Form: ofModel, Message: "Too many inputs. The max number of inputs is {allowed}.  We hope to increase the number of inputs per request soon. " +
		"Please contact us through an Azure support request at: https://go.microsoft.com/fwlink/?linkid=2213926 for further questions."}
)

func (wire) Routes() []dialect.Route {
	return []dialect.Route{{Method: "POST", Path: "/openai/v1/embeddings"}, {Method: "POST", Path: "/openai/deployments/{deployment}/embeddings"}}
}

// Key prefers a token of Microsoft Entra to a key.
func (wire) Key(r *dialect.Request) string {
	if token := r.Bearer(); token != "" {
		return "Bearer " + token
	}
	return r.Header.Get("Api-Key")
}

func (wire) Head(r *dialect.Request) { r.Out.Set("Apim-Request-Id", r.ID) }

func (wire) Words(r *dialect.Request) dialect.Words {
	w := words
	if r.Bearer() != "" {
		w.BadKey = badToken
	}
	return w
}

func (w wire) Refuse(r *dialect.Request, why dialect.Refusal) dialect.Reply {
	switch why.Form {
	case ofModel:
		return w.Dialect.Refuse(r, why)
	case ofToken:
		return dialect.Reply{Status: why.Status, Body: dialect.JSON(struct {
			Status  int    `json:"statusCode"`
			Message string `json:"message"`
		}{why.Status, why.Text(nil)})}
	}
	type problem struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	return dialect.Reply{Status: why.Status, Body: dialect.JSON(map[string]problem{"error": {why.Code, why.Text(nil)}})}
}

func (w wire) Parse(r *dialect.Request, body []byte) (dialect.Call, *dialect.Refusal) {
	name, version := r.PathValue("deployment"), r.URL.Query().Get("api-version")
	switch {
	case name == "" && version != "" && version != "preview":
		return dialect.Call{}, badVersion.With()
	case name != "" && !slices.Contains(versions, version):
		return dialect.Call{}, notFound.With()
	}
	c, why := w.Dialect.Parse(r, body)
	if why == nil && len(c.Texts) == 0 { // the service does not take token ids
		var strict struct{ Input dialect.Texts }
		if json.Unmarshal(body, &strict) != nil {
			why = badJSON.With()
		}
	}
	if why != nil {
		return dialect.Call{}, badJSON.With()
	}
	if name != "" {
		c.Model = name // the body's model is ignored
	}
	return c, nil
}

func (w wire) Check(r *dialect.Request, c *dialect.Call, m dialect.Model, over *dialect.Excess) *dialect.Refusal {
	var why *dialect.Refusal
	if over != nil && over.Allowed.Texts > 0 {
		if why = w.Dialect.Check(r, c, m, nil); why == nil {
			return over.Refuse(tooMany)
		}
	} else if why = w.Dialect.Check(r, c, m, over); why == nil {
		return nil
	}
	why.Form, why.Code, why.Type = ofModel, "", ""
	return why
}
