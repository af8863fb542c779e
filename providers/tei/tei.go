package tei

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/prefixes"
	"github.com/vecspace/embedding/providers/internal/jsonhttp"
	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// Environment variables that supply what Options leave empty.
const (
	BaseURLVariable = "TEI_BASE_URL"
	KeyVariable     = "HF_TOKEN" // for hosts under huggingface.cloud only
)

// BaseURL is the server's address in its documentation.
const BaseURL = "http://127.0.0.1:8080"

// Options configure [New] and [Ask].
type Options struct {
	Model   string // as on the Hugging Face hub; [Ask] learns it
	BaseURL string `ref:"base_url"` // up to /embed; "" means TEI_BASE_URL, or this machine's port 8080

	Dimensions       int `ref:"dimensions"`        // asks for shorter vectors; older servers ignore it
	NativeDimensions int `ref:"native_dimensions"` // of a model outside the table

	Truncate bool `ref:"truncate"` // cut texts that are too long

	// QueryPrompt and DocumentPrompt name the server's prompts for queries and for everything else.
	QueryPrompt    string `ref:"query_prompt"`
	DocumentPrompt string `ref:"document_prompt"`
	// Prefix is "auto", which chooses prefixes by the model's name, or the name of a row of the table
	// in package providers. "" is auto for the models of [Catalog] and none for others.
	Prefix string `ref:"prefix"`
	// QueryPrefix and DocumentPrefix are prefixes of your own, of queries and of everything else.
	QueryPrefix    string `ref:"query_prefix"`
	DocumentPrefix string `ref:"document_prefix"`
	Plain          bool   `ref:"plain"` // no prefixes, as Prefix "none"

	Key string // "" means the value of KeyEnv
	// KeyEnv is the variable that holds the key. "" means HF_TOKEN for hosts under huggingface.cloud
	// and no key for others.
	KeyEnv string `ref:"key_env,variable"`

	Space  embedding.Space  `ref:"space"` // replaces the space that New derives
	Limits embedding.Limits `ref:"max_*"` // each one above 0 replaces the server's

	HTTPClient *http.Client // may be nil; redirects are never followed
	AllowHTTP  bool         `ref:"allow_http"` // sends a key over plain http to another machine
}

// New returns a guarded Embedder, without other middleware. It does no I/O and reports bad options
// as an [*embedding.Error].
func New(o Options) (embedding.Embedder, error) {
	if o.Model == "" {
		return nil, o.fail(embedding.Invalid, "no model is named; Ask asks the server for it")
	}
	return o.open(Defaults())
}

// Ask is [New] with the model and the limits of the server at Options.BaseURL, from GET /info.
// Options.Model may be empty. If it is not the server's model, that is Invalid. So are prefixes for
// a server that puts a prompt of its own before every text (--default-prompt), which POST /tokenize
// shows.
func Ask(ctx context.Context, o Options) (embedding.Embedder, error) {
	named := o.Model
	o.Model = cmp.Or(named, "unknown model")
	first := o
	if named == "" {
		first.Prefix = "" // auto needs the name
	}
	config, _, err := first.config(Defaults())
	if err != nil {
		return nil, err
	}
	var info struct {
		ModelID   string                     `json:"model_id"`
		ModelType map[string]json.RawMessage `json:"model_type"`
		Texts     int                        `json:"max_client_batch_size"`
		Tokens    int                        `json:"max_input_length"`
	}
	err = jsonhttp.Get(ctx, config, "/info", func(body []byte) error {
		if err := json.Unmarshal(body, &info); err != nil || info.ModelID == "" {
			return errors.New("the answer to GET /info is not a text-embeddings-inference server's")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	o.Model = cmp.Or(named, info.ModelID)
	if o.Model != info.ModelID {
		return nil, o.fail(embedding.Invalid, "the server has %s, not this model", info.ModelID)
	}
	if _, embeds := info.ModelType["embedding"]; len(info.ModelType) > 0 && !embeds {
		return nil, o.fail(embedding.Invalid, "the server's model is none for embeddings (/info: model_type)")
	}
	limits := embedding.Limits{Texts: info.Texts, TextTokens: info.Tokens, Bytes: Defaults().Bytes}
	_, chosen, err := o.config(limits)
	if err != nil {
		return nil, err
	}
	if len(chosen) > 0 {
		prompt, err := prompted(ctx, config)
		if err != nil {
			return nil, err
		}
		if prompt != "" {
			return nil, o.fail(embedding.Invalid, "the server puts a prompt of its own before every text (%q), and prefixes would double it: "+
				"leave them out (Plain, plain=true in a reference), or start the server without --default-prompt and --default-prompt-name", prompt)
		}
	}
	return o.open(limits)
}

// prompted returns the prompt that the server puts before a text, as the tokens of a short text
// show it, "" if it has none or does not say. The error is the context's.
func prompted(ctx context.Context, c wire.Config) (string, error) {
	const text = "x"
	ask := struct {
		Inputs  string `json:"inputs"`
		Special bool   `json:"add_special_tokens"`
	}{Inputs: text}
	var whole []byte
	err := jsonhttp.Post(ctx, c, "/tokenize", ask, func(body []byte) error {
		var answer [][]struct {
			Text        string
			Start, Stop int // in bytes of the prompt and the text
		}
		if err := json.Unmarshal(body, &answer); err != nil || len(answer) != 1 {
			return errors.New("the answer to POST /tokenize is not a text-embeddings-inference server's")
		}
		for _, token := range answer[0] {
			if 0 <= token.Start && token.Start <= token.Stop && token.Stop < 1<<16 {
				whole = append(whole, bytes.Repeat([]byte(" "), max(token.Stop-len(whole), 0))...)
				copy(whole[token.Start:token.Stop], token.Text)
			}
		}
		return nil
	})
	if err != nil { // an older server, or a proxy that has /embed alone
		return "", ctx.Err()
	}
	prompt, found := strings.CutSuffix(string(whole), text)
	if !found {
		return "", nil
	}
	return prompt, nil
}

func (o Options) open(limits embedding.Limits) (embedding.Embedder, error) {
	config, chosen, err := o.config(limits)
	if err != nil {
		return nil, err
	}
	return jsonhttp.New(config, jsonhttp.Format{Encode: o.encoder(chosen), Decode: decode})
}

func (o Options) fail(k embedding.Kind, format string, args ...any) error {
	return &embedding.Error{Kind: k, Provider: "tei", Model: o.Model, Err: fmt.Errorf(format, args...)}
}

// config returns the server to ask, and the texts' prefixes.
func (o Options) config(limits embedding.Limits) (config wire.Config, chosen prefixes.Prefixes, err error) {
	info := lookUp(o.Model)
	native := cmp.Or(o.NativeDimensions, info.Dimensions)
	prompts := o.QueryPrompt+o.DocumentPrompt != ""
	prefixed := o.Prefix+o.QueryPrefix+o.DocumentPrefix != ""
	if err := setup.Lengths(o.Dimensions, o.NativeDimensions); err != nil {
		return config, nil, o.fail(embedding.Invalid, "%w", err)
	}
	switch {
	case info.Dimensions > 0 && native != info.Dimensions:
		return config, nil, o.fail(embedding.Invalid, "%s has %d dimensions, not %d", o.Model, info.Dimensions, native)
	case native > 0 && o.Dimensions > native:
		return config, nil, o.fail(embedding.Invalid, "%s has no %d dimensions, it has 1 to %d", o.Model, o.Dimensions, native)
	case prompts && (prefixed || o.Plain):
		return config, nil, o.fail(embedding.Invalid, "prompts, prefixes and Plain exclude each other: leave all but one out")
	}
	chosen, err = prefixes.Options{Prefix: o.Prefix, Query: o.QueryPrefix, Document: o.DocumentPrefix, Plain: o.Plain || prompts}.Choose(o.Model, info.Prefix)
	if err != nil {
		return config, nil, o.fail(embedding.Invalid, "%w", err)
	}
	variant := chosen.Variant()
	if prompts {
		variant = o.prompts()
	}
	base := cmp.Or(strings.TrimSpace(o.BaseURL), strings.TrimSpace(os.Getenv(BaseURLVariable)), BaseURL)
	key, from, err := o.key(base)
	if err != nil {
		return config, nil, err
	}
	return wire.Config{
		Model: embedding.Model{
			Provider:   "tei",
			ID:         o.Model,
			Origin:     setup.LocalOrigin("tei", base, BaseURL),
			Space:      o.Space,
			Variant:    setup.Cut(variant, o.Truncate),
			Dimensions: cmp.Or(o.Dimensions, native),
			Normalized: true,
			Symmetric:  len(chosen) == 0 && o.QueryPrompt == o.DocumentPrompt,
			Limits:     chosen.Within(setup.Limits(o.Limits, limits.Min(embedding.Limits{TextTokens: info.TextTokens}))),
		},
		BaseURL:     base,
		Path:        "/embed",
		Key:         key,
		Classify:    classifier{key: key, from: from}.classify,
		Unreachable: "is the server running there? " + BaseURLVariable + " (base_url= in a reference) says where it is",
		HTTPClient:  o.HTTPClient,
		AllowHTTP:   o.AllowHTTP,
	}, chosen, nil
}

// prompts names the server's prompts for the Variant. The one of documents is that of every other
// task too.
func (o Options) prompts() string {
	var parts []string
	if o.DocumentPrompt != "" {
		parts = append(parts, fmt.Sprintf("prompt=%q", o.DocumentPrompt))
	}
	if o.QueryPrompt != "" {
		parts = append(parts, fmt.Sprintf("query=prompt:%q", o.QueryPrompt))
	}
	return strings.Join(parts, ",")
}

// key returns the key for a server. Hugging Face's own key does not travel to whatever host a
// reference names.
func (o Options) key(base string) (key, from string, err error) {
	if o.KeyEnv != "" {
		if key, from = setup.Key(o.Key, o.KeyEnv); key == "" {
			return "", "", o.fail(embedding.Auth, "no API key: set the variable %s", from)
		}
		return key, from, nil
	}
	if setup.Within(setup.Host(base), "huggingface.cloud") {
		key, from = setup.Key(o.Key, KeyVariable)
		return key, from, nil
	}
	return o.Key, "Options.Key", nil
}

type request struct {
	Inputs     []string `json:"inputs"`
	Normalize  bool     `json:"normalize"`
	Truncate   bool     `json:"truncate"`
	PromptName string   `json:"prompt_name,omitempty"`
	Dimensions int      `json:"dimensions,omitempty"`
}

func (o Options) encoder(p prefixes.Prefixes) func(embedding.Request) any {
	return func(req embedding.Request) any {
		r := request{Inputs: p.Texts(req), Normalize: true, Truncate: o.Truncate, PromptName: o.DocumentPrompt, Dimensions: o.Dimensions}
		if req.Task == embedding.TaskQuery {
			r.PromptName = o.QueryPrompt
		}
		return r
	}
}

// decode reads the bare list of vectors. A header counts the tokens.
func decode(a jsonhttp.Answer) (embedding.Response, error) {
	var body json.RawMessage
	if err := json.Unmarshal(a.Body, &body); err != nil {
		return embedding.Response{}, errors.New("the answer is not JSON")
	}
	rows, err := jsonhttp.Vectors(body, a.Texts, a.Dims)
	tokens, _ := strconv.Atoi(a.Header.Get("X-Compute-Tokens"))
	return embedding.Response{Vectors: rows, Usage: embedding.Usage{Tokens: tokens}}, err
}
