// Package preset describes the wire formats of openai's presets in a table: what each preset takes,
// ignores and refuses, and its error bodies. The presets' dialects and emulators share it.
package preset

import (
	"encoding/json"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
)

// The faults that every emulator has.
const (
	RequestRate   = "request-rate"
	TokenRate     = "token-rate"
	InternalError = "internal-error"
)

// Row describes how a preset differs from the others.
type Row struct {
	Model               string    // an example model; "" means the preset's first
	Dimensions, Formats Treatment // of the field for the length of vectors, and of "encoding_format"
	AnyName             bool      // an unknown model's name means the only model
	Echoes              bool      // answers repeat the model's name from the request
	Cuts                bool      // texts that are too long are silently cut at the end
	EmptyTexts          bool      // "" is a text
	IDs                 bool      // requests may have token ids instead of texts
	TextTokens          int       // limit of the only model of a server that users run themselves
	Header              string    // has the request's id; "" means X-Request-Id
	List                string    // an answer, with holes for {items}, {model} and {tokens}; "" means OpenAI's
	Item                string    // an item of List, with holes for {vector} and {index}; "" means OpenAI's
	Item64              string    // an item in base64; "" means Item
	Answers             map[string]Answer
	// Read reads a body. For a bad body it returns the name of the answer and its holes. nil ignores
	// the fields that are not OpenAI's.
	Read func(body []byte) (req Request, wrong string, holes []string)
}

// Request is the content of a body.
type Request struct {
	Model      string         `json:"model"`
	Input      *dialect.Input `json:"input"` // nil if it is missing
	Format     string         `json:"encoding_format"`
	Dimensions *int           `json:"dimensions"`
	Type       string         `json:"-"` // type of the numbers, if the wire has a field for it
}

// Parse reads a body in the row's format.
func (r Row) Parse(body []byte) (req Request, wrong string, holes []string) {
	if r.Read != nil {
		return r.Read(body)
	}
	if json.Unmarshal(body, &req) == nil {
		return req, "", nil
	}
	if !json.Valid(body) {
		wrong = "bad-json"
	} else {
		wrong = "bad-field"
	}
	return Request{}, wrong, []string{"{field}", "input"}
}

// Say returns the row's refusal with this name, or the one that stands in for it.
func (r Row) Say(name string, holes ...string) *dialect.Refusal {
	a, ok := r.Answers[name]
	if !ok {
		switch name {
		case "no-method":
			return r.Say("no-path", holes...)
		case "too-wide":
			return r.Say("bad-dimensions", holes...)
		}
		a = r.Answers["bad-field"]
	}
	return dialect.Refusal{Status: a.Status, Message: a.Body, Kind: a.Kind}.With(holes...)
}

// Treatment says what a service does with a field of a request.
type Treatment uint8

// The choices for a field.
const (
	Ignored Treatment = iota
	Taken
	Refused
)

// OpenAI's own answer.
const (
	OpenAIList = `{"object":"list","data":[{items}],"model":{model},"usage":{"prompt_tokens":{tokens},"total_tokens":{tokens}}}`
	OpenAIItem = `{"object":"embedding","embedding":{vector},"index":{index}}`
)

// Unmetered reports whether answers lack the token count.
func (r Row) Unmetered() bool { return r.List != "" && !strings.Contains(r.List, "{tokens}") }

// Answer is a refusal as it is sent, with holes for {id}, {model}, {field}, {got} and {allowed}.
// Each can be switched on as a fault. Answers named auth, no-..., bad-..., too-... and
// text-too-long also go to requests that deserve them. Every row has at least auth, no-path and
// bad-field, which stands in for the others.
type Answer struct {
	Status int
	Kind   embedding.Kind // how a client should classify it
	Body   string
	Guess  bool // openai's testdata has no such body: its words or its frame are unknown
}

func seen(status int, kind embedding.Kind, body string) Answer {
	return Answer{status, kind, body, false}
}

func guess(status int, kind embedding.Kind, body string) Answer {
	return Answer{status, kind, body, true}
}

// openAI is a guess in OpenAI's frame.
func openAI(status int, kind embedding.Kind, typ, message string) Answer {
	return guess(status, kind, `{"error":{"message":"`+message+`","type":"`+typ+`","param":null,"code":null}}`)
}

// Table returns a row for each preset except OpenAI itself.
func Table() map[string]Row {
	return map[string]Row{
		"mistral": mistral(), "siliconflow": siliconFlow(), "zhipu": zhipu(), "volcengine": volcengine(), "together": together(), "openrouter": openRouter(),
		"deepinfra": deepInfra(), "vllm": vLLM(), "lmstudio": lmStudio(), "llamacpp": llamaCpp(), "localai": localAI(),
	}
}
