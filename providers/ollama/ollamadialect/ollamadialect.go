// Package ollamadialect implements the wire format of Ollama's embeddings: /api/embed, /api/tags,
// /api/version and the greeting at /.
package ollamadialect

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
)

type wire struct{}

// New returns the dialect.
func New() dialect.Dialect { return wire{} }

// text is the form of refusals that are not JSON.
const text = "text"

var words = dialect.Words{
	NoPath:    dialect.Refusal{Status: 404, Form: text, Message: "404 page not found", Late: true},
	NoMethod:  dialect.Refusal{Status: 405, Form: text, Message: "405 method not allowed", Late: true},
	NoKey:     dialect.Refusal{Status: 401, Message: "unauthorized", Kind: embedding.Auth},
	BadKey:    dialect.Refusal{Status: 401, Message: "unauthorized", Kind: embedding.Auth},
	NoModel:   dialect.Refusal{Status: 404, Message: `model {"model"} not found, try pulling it first`},
	LargeBody: dialect.Refusal{Status: 413, Message: "request body too large", Kind: embedding.TooLarge},
	Kinds: map[embedding.Kind]dialect.Refusal{
		embedding.Invalid:     {Status: 400, Message: "{why}"},
		embedding.Rejected:    {Status: 400, Message: "{why}"}, // the server has words only for a text that is too long
		embedding.TooLarge:    {Status: 413, Message: "{why}"},
		embedding.RateLimited: {Status: 503, Message: "server busy, please try again.  maximum pending requests exceeded"},
		embedding.Exhausted:   {Status: 402, Message: "quota exhausted"}, // the server has no such error
		embedding.Unavailable: {Status: 500, Message: "llama runner process has terminated"},
	},
}

var (
	badJSON  = dialect.Refusal{Status: 400, Message: "{why}"}
	badInput = dialect.Refusal{Status: 400, Message: "invalid input type"}
	tooLong  = dialect.Refusal{Status: 400, Message: "the input length exceeds the context length"}
)

func (wire) Routes() []dialect.Route {
	say := func(as, body string) func(*dialect.Request, []dialect.Model) dialect.Reply {
		return func(*dialect.Request, []dialect.Model) dialect.Reply {
			return dialect.Reply{Status: 200, Type: as, Body: []byte(body)}
		}
	}
	return []dialect.Route{
		{Method: "POST", Path: "/api/embed"},
		{Method: "GET", Path: "/", Info: say("text/plain; charset=utf-8", "Ollama is running")},
		{Method: "GET", Path: "/api/tags", Info: tags},
		{Method: "GET", Path: "/api/version", Info: say("", `{"version":"0.17.4"}`)},
	}
}

// tags lists the models. The fields that clients require are there; a host knows neither sizes nor
// days.
func tags(_ *dialect.Request, models []dialect.Model) dialect.Reply {
	type details struct {
		Format   string   `json:"format"`
		Family   string   `json:"family"`
		Families []string `json:"families"`
	}
	type model struct {
		Name     string  `json:"name"`
		Model    string  `json:"model"`
		Modified string  `json:"modified_at"`
		Size     int     `json:"size"`
		Digest   string  `json:"digest"`
		Details  details `json:"details"`
	}
	all := []model{}
	for _, m := range models {
		all = append(all, model{Name: m.Asked(), Model: m.Asked(), Modified: "2000-01-01T00:00:00Z", Details: details{Families: []string{}}})
	}
	return dialect.Reply{Status: 200, Body: dialect.JSON(map[string][]model{"models": all})}
}

func (wire) Key(r *dialect.Request) string        { return r.Bearer() }
func (wire) Head(*dialect.Request)                {}
func (wire) Words(*dialect.Request) dialect.Words { return words }

func (wire) Refuse(_ *dialect.Request, why dialect.Refusal) dialect.Reply {
	if why.Form == text {
		return dialect.Reply{Status: why.Status, Type: "text/plain", Body: []byte(why.Text(nil))}
	}
	return dialect.Reply{Status: why.Status, Body: dialect.JSON(map[string]string{"error": why.Text(nil)})}
}

type request struct {
	Model      string         `json:"model"`
	Input      dialect.Texts  `json:"input"`
	Truncate   *bool          `json:"truncate"`
	Dimensions int            `json:"dimensions"`
	KeepAlive  any            `json:"keep_alive"`
	Options    map[string]any `json:"options"`
}

func (wire) Parse(_ *dialect.Request, body []byte) (dialect.Call, *dialect.Refusal) {
	var req request
	if err := json.Unmarshal(body, &req); err != nil {
		if strings.Contains(err.Error(), "input") {
			return dialect.Call{}, badInput.With()
		}
		return dialect.Call{}, badJSON.With("{why}", err.Error())
	}
	c := dialect.Call{Model: req.Model, Texts: req.Input, Cut: dialect.CutEnd}
	if len(c.Texts) == 1 && c.Texts[0] == "" { // a single empty text has no vector
		c.Texts = nil
	}
	if req.Dimensions > 0 {
		c.Dimensions = &req.Dimensions
	}
	if req.Truncate != nil && !*req.Truncate {
		c.Cut = dialect.CutNone
	}
	return c, nil
}

// Check falls back to the model's own length if the request asks for more, as the server does.
func (wire) Check(_ *dialect.Request, c *dialect.Call, m dialect.Model, over *dialect.Excess) *dialect.Refusal {
	if m.Length(c) > m.Dimensions {
		c.Dimensions = nil
	}
	if over != nil {
		return over.Refuse(tooLong)
	}
	return nil
}

func (wire) Answer(dst []byte, _ *dialect.Request, c *dialect.Call, a dialect.Answer) []byte {
	dst = dialect.AppendRows(fmt.Appendf(dst, `{"model":%s,"embeddings":`, dialect.JSON(c.Model)), a.Rows, c.Base64)
	return fmt.Appendf(dst, `,"total_duration":14143917,"load_duration":1019500,"prompt_eval_count":%d}`, a.Tokens)
}
