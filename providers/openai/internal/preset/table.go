// Package preset is the table of the wires of openai.Presets: what each takes, ignores and refuses,
// and the bodies of its errors. The dialects and the emulators of presets share it.
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

// Row is in what a preset differs from the others.
type Row struct {
	Model               string    // to try; "": the preset's first
	Dimensions, Formats Treatment // of the member for the length of vectors and of "encoding_format"
	AnyName             bool      // a model that is not there is the one that is
	Echoes              bool      // an answer names the model as it was asked for
	Cuts                bool      // texts that are too long lose their end, in silence
	EmptyTexts          bool      // "" is a text
	IDs                 bool      // token ids are taken in the place of texts
	TextTokens          int       // of the one model of a server that people run
	Header              string    // that carries the request's id; "": X-Request-Id
	List                string    // an answer, with holes for {items}, {model} and {tokens}; "" is OpenAI's
	Item                string    // of it, with holes for {vector} and {index}; "" is OpenAI's
	Item64              string    // of an answer in base64; "": Item
	Answers             map[string]Answer
	// Read reads a body, and names the answer to one that cannot be read, with its holes. Nil: members
	// that are not OpenAI's are ignored.
	Read func(body []byte) (req Request, wrong string, holes []string)
}

// Request is what is read of a body.
type Request struct {
	Model      string         `json:"model"`
	Input      *dialect.Input `json:"input"` // nil: it is not there
	Format     string         `json:"encoding_format"`
	Dimensions *int           `json:"dimensions"`
	Type       string         `json:"-"` // of the numbers, where there is a member for it
}

// Parse reads a body as the row has it.
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

// Say is the refusal of one of the row's answers. One that the row has not is that of its stand-in.
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

// Treatment is what becomes of a member of a request.
type Treatment uint8

// What may become of it.
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

// Unmetered reports whether answers leave open how many tokens there were.
func (r Row) Unmetered() bool { return r.List != "" && !strings.Contains(r.List, "{tokens}") }

// Answer is a refusal as it is sent, with holes for {id}, {model}, {field}, {got} and {allowed}.
// Each can be switched on as a fault; those named auth, no-..., bad-..., too-... and text-too-long
// are also what a request gets that deserves them. Of these a row has at least auth, no-path and
// bad-field, which stands in for the others.
type Answer struct {
	Status int
	Kind   embedding.Kind // what a client should make of it
	Body   string
	Guess  bool // openai's testdata has no such body: its words or its frame are not known
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

// Table has a row for each preset but OpenAI itself.
func Table() map[string]Row {
	return map[string]Row{
		"mistral": mistral(), "siliconflow": siliconFlow(), "zhipu": zhipu(), "volcengine": volcengine(), "together": together(), "openrouter": openRouter(),
		"deepinfra": deepInfra(), "vllm": vLLM(), "lmstudio": lmStudio(), "llamacpp": llamaCpp(), "localai": localAI(),
	}
}
