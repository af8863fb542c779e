package presettest

import (
	"strings"

	"github.com/vecspace/embedding"
)

// row is in what a preset differs from the others.
type row struct {
	model               string    // to try; "": the preset's first
	dimensions, formats treatment // of the members "dimensions" and "encoding_format"
	anyName             bool      // a model that is not there is the one that is
	echoes              bool      // an answer names the model as it was asked for
	cuts                bool      // texts that are too long lose their end, in silence
	emptyTexts          bool      // "" is a text
	ids                 bool      // token ids are taken in the place of texts
	textTokens          int       // of the one model of a server that people run
	list                string    // an answer, with holes for {items}, {model} and {tokens}; "" is OpenAI's
	item                string    // of it, with holes for {vector} and {index}; "" is OpenAI's
	item64              string    // of an answer in base64; "": item
	answers             map[string]answer
}

// treatment is what becomes of a member of a request.
type treatment uint8

const (
	ignored treatment = iota
	taken
	refused
)

const (
	openAIList = `{"object":"list","data":[{items}],"model":{model},"usage":{"prompt_tokens":{tokens},"total_tokens":{tokens}}}`
	openAIItem = `{"object":"embedding","embedding":{vector},"index":{index}}`
)

// unmetered is whether answers leave open how many tokens there were.
func (r row) unmetered() bool { return r.list != "" && !strings.Contains(r.list, "{tokens}") }

// answer is a refusal as it is sent, with holes for {id}, {model}, {field}, {got} and {allowed}. Each can be switched on as a fault; those
// named auth, no-..., bad-..., too-many-... and text-too-long are also what a request gets that deserves them. Of these a row
// has at least auth, no-path and bad-field, which stands in for the others.
type answer struct {
	status int
	kind   embedding.Kind // what a client should make of it
	body   string
	guess  bool // openai's testdata has no such body: its words or its frame are not known
}

func seen(status int, kind embedding.Kind, body string) answer {
	return answer{status, kind, body, false}
}

func guess(status int, kind embedding.Kind, body string) answer {
	return answer{status, kind, body, true}
}

// openAI is a guess in OpenAI's frame.
func openAI(status int, kind embedding.Kind, typ, message string) answer {
	return guess(status, kind, `{"error":{"message":"`+message+`","type":"`+typ+`","param":null,"code":null}}`)
}

// table has a row for each preset.
func table() map[string]row {
	return map[string]row{
		"siliconflow": siliconFlow(), "zhipu": zhipu(), "volcengine": volcengine(), "together": together(), "openrouter": openRouter(),
		"deepinfra": deepInfra(), "vllm": vLLM(), "lmstudio": lmStudio(), "llamacpp": llamaCpp(), "localai": localAI(),
	}
}
