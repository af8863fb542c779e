// Package presetdialect implements the wire format of each preset of openai except OpenAI itself,
// which has package openaidialect. The presets differ in what they take, ignore and refuse, and in
// their error bodies.
package presetdialect

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/openai/internal/models"
	"github.com/vecspace/embedding/providers/openai/internal/preset"
)

type wire struct {
	row   preset.Row
	path  string
	local bool
}

// New returns the dialect of the preset with the given name.
func New(name string) (dialect.Dialect, error) {
	row, ok := preset.Table()[name]
	p, err := models.Find(name)
	if !ok || err != nil {
		return nil, fmt.Errorf("presetdialect: there is no dialect of %q", name)
	}
	base, err := url.Parse(p.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("presetdialect: %w", err)
	}
	return wire{row, base.Path + "/embeddings", p.Local}, nil
}

func (w wire) Routes() []dialect.Route       { return []dialect.Route{{Method: "POST", Path: w.path}} }
func (w wire) Key(r *dialect.Request) string { return r.Bearer() }
func (w wire) Head(r *dialect.Request)       { r.Out.Set(cmp.Or(w.row.Header, "X-Request-Id"), r.ID) }

// Words returns the row's refusals. If the row lacks one, it is OpenAI's, which the preset's
// clients understand.
func (w wire) Words(*dialect.Request) dialect.Words {
	say := func(name string) dialect.Refusal { return *w.row.Say(name, "{field}", "input") }
	or := func(status int, code, message string, names ...string) dialect.Refusal {
		for _, name := range names {
			if _, ok := w.row.Answers[name]; ok {
				return say(name)
			}
		}
		typ := "invalid_request_error"
		if status >= 500 {
			typ = "server_error"
		}
		return dialect.Refusal{Status: status, Message: fmt.Sprintf(`{"error":{"message":%q,"type":%q,"param":null,"code":%s}}`, message, typ, code)}
	}
	words := dialect.Words{
		NoPath: say("no-path"), NoMethod: say("no-method"), NoKey: say("auth"), BadKey: say("auth"), NoModel: *w.row.Say("no-model"),
		LargeBody: or(413, "null", "the request body is too large"),
		Kinds: map[embedding.Kind]dialect.Refusal{
			embedding.Invalid:     or(400, "null", "{why}"),
			embedding.Rejected:    or(400, `"text_rejected"`, "a text was rejected: {why}", "unsafe"),
			embedding.TooLarge:    or(413, "null", "{why}"),
			embedding.RateLimited: *w.row.Say(preset.RequestRate, "{model}", "the model"),
			embedding.Exhausted:   or(402, `"insufficient_quota"`, "the quota is exhausted", "exhausted"),
			embedding.Unavailable: or(503, "null", "the server is overloaded", "overloaded"),
			embedding.Unknown:     or(500, "null", "internal server error"),
			embedding.Malformed:   or(502, "null", "bad gateway"),
		},
	}
	words.NoPath.Late, words.NoMethod.Late = w.local, w.local // servers that users run themselves check the key first
	return words
}

// Refuse writes the message, which is the whole body.
func (w wire) Refuse(r *dialect.Request, why dialect.Refusal) dialect.Reply {
	body := why.With("{id}", r.ID).Text(func(value string) string {
		quoted := dialect.JSON(value)
		return string(quoted[1 : len(quoted)-1])
	})
	return dialect.Reply{Status: why.Status, Body: []byte(body)}
}

func (w wire) Parse(_ *dialect.Request, body []byte) (dialect.Call, *dialect.Refusal) {
	req, wrong, holes := w.row.Parse(body)
	if wrong != "" {
		return dialect.Call{}, w.row.Say(wrong, holes...)
	}
	c := dialect.Call{Model: req.Model, Base64: w.row.Formats == preset.Taken && req.Format == "base64", Rest: req}
	if w.row.Dimensions == preset.Taken {
		c.Dimensions = req.Dimensions
	}
	if w.row.Cuts {
		c.Cut = dialect.CutEnd
	}
	if req.Input != nil {
		c.Texts, c.IDs = req.Input.Texts, req.Input.IDs
	}
	return c, nil
}

func (w wire) Check(_ *dialect.Request, c *dialect.Call, m dialect.Model, over *dialect.Excess) *dialect.Refusal {
	req, row := c.Rest.(preset.Request), w.row
	switch {
	case req.Input == nil:
		return row.Say("no-input", "{field}", "input")
	case len(c.Texts) == 0, c.IDs != nil && !row.IDs, !row.EmptyTexts && slices.Contains(c.Texts, ""):
		return row.Say("bad-field", "{field}", "input")
	case req.Type != "" && req.Type != "float":
		return row.Say("bad-type", "{field}", "output_dtype")
	case row.Formats != preset.Ignored && req.Format != "" && req.Format != "float" && !c.Base64:
		return row.Say("bad-format", "{field}", "encoding_format")
	case req.Dimensions != nil && row.Dimensions != preset.Ignored && (row.Dimensions == preset.Refused || m.Fixed()):
		return row.Say("bad-dimensions", "{model}", m.ID, "{field}", "dimensions")
	case !m.Offers(m.Length(c)):
		return row.Say("too-wide", "{model}", m.ID, "{field}", "dimensions", "{allowed}", strconv.Itoa(m.Longest))
	case over == nil:
		return nil
	case over.Allowed.Texts > 0:
		return over.Refuse(*row.Say("too-many-texts", "{field}", "input"))
	case over.Allowed.TextTokens > 0:
		return over.Refuse(*row.Say("text-too-long", "{field}", "input"))
	}
	return over.Refuse(*row.Say("too-many-tokens", "{field}", "input"))
}

func (w wire) Answer(dst []byte, r *dialect.Request, c *dialect.Call, a dialect.Answer) []byte {
	model := a.Model
	if w.row.Echoes {
		model = cmp.Or(c.Model, model)
	}
	list := strings.NewReplacer("{model}", string(dialect.JSON(model)), "{tokens}", strconv.Itoa(a.Tokens), "{id}", r.ID, "{hex}", strings.ReplaceAll(r.ID, "-", ""),
		"{now}", strconv.FormatInt(r.Arrived.Unix(), 10))
	before, after, _ := strings.Cut(cmp.Or(w.row.List, preset.OpenAIList), "{items}")
	item := cmp.Or(w.row.Item, preset.OpenAIItem)
	if c.Base64 {
		item = cmp.Or(w.row.Item64, item)
	}
	dst = append(dst, list.Replace(before)...)
	for i, row := range a.Rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		head, tail, _ := strings.Cut(strings.Replace(item, "{index}", strconv.Itoa(row.Index), 1), "{vector}")
		dst = append(row.Append(append(dst, head...), c.Base64), tail...)
	}
	return append(dst, list.Replace(after)...)
}
