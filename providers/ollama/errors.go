package ollama

import (
	"regexp"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// classifier maps a refusal to its kind and to advice. Ollama's errors have a status and words
// only.
type classifier struct{ model, key, from string }

// rules hold Ollama's words; the first match counts. A body in testdata/errors.jsonl proves each.
var rules = []struct {
	says   *regexp.Regexp
	kind   embedding.Kind
	advice string // %s stands for the model
}{
	{regexp.MustCompile(`(?i)exceeds? (the |maximum )?context length|input after truncation exceeds`), embedding.Rejected,
		"shorten or split the text, load the model with more (Options.Context), or let it be cut (Options.Truncate)"},
	{regexp.MustCompile(`(?i)does not support embeddings|this model does not support`), embedding.Invalid, "it is no embedding model: take another"},
	{regexp.MustCompile(`(?i)model .*not found`), embedding.Invalid, "pull it first: ollama pull %s"},
	{regexp.MustCompile(`(?i)maximum pending requests exceeded`), embedding.RateLimited, "send fewer requests at once (middleware.Limit)"},
	{regexp.MustCompile(`(?i)requires more system memory`), embedding.Unavailable, "unload another model, or take a smaller one"},
	// The server passes on failures of the process that runs the model, mostly with status 400.
	{regexp.MustCompile(`(?i)runner process|do embedding request|failed to load model|timed out waiting|no slots available|` +
		`unexpected server status|server not responding|connection refused|health resp|read health request|health unmarshal|error reading embed response|unmarshal tokenize response`), embedding.Unavailable,
		"the model could not be run: the server's log says why"},
	{regexp.MustCompile(`\bNaN\b`), embedding.Malformed, "the model computed no numbers for a text: take another build of it"},
	{regexp.MustCompile(`(?i)request canceled`), embedding.Unavailable, ""},
}

func (c classifier) classify(f wire.Failure) wire.Verdict {
	for _, r := range rules {
		if r.says.MatchString(f.Message) {
			return wire.Verdict{Kind: r.kind, Advice: strings.ReplaceAll(r.advice, "%s", c.model)}
		}
	}
	v := wire.Verdict{Kind: f.Kind()}
	switch {
	case v.Kind == embedding.Auth && c.key == "":
		v.Advice = "no key was sent, which a server of your own does not want: set Options.KeyEnv (key_env= in a reference) for a proxy's"
	case v.Kind == embedding.Auth:
		v.Advice = "the key in " + c.from + " is wrong or has no access"
	case f.Status == 404:
		v.Advice = "there is no Ollama at the base URL, or an old one, which has no /api/embed"
	}
	return v
}
