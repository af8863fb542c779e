package providers

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/static"
)

// Opener makes an Embedder of a reference. It does no I/O.
type Opener func(Ref) (embedding.Embedder, error)

// Table maps the names of providers to what opens them. It is a plain map: add to your own copy.
type Table map[string]Opener

// Builtin returns a fresh Table of the providers of this module.
func Builtin() Table {
	t := Table{
		"dashscope": openDashScope,
		"openai":    openOpenAI,
		"azure":     openAzure,
		"bedrock":   openBedrock,
		"cohere":    openCohere,
		"gemini":    openGemini,
		"jina":      openJina,
		"ollama":    openOllama,
		"tei":       openTEI,
		"voyage":    openVoyage,
		"static":    openStatic,
	}
	addPresets(t)
	return t
}

// Open opens a reference to one of the providers of this module: it is Builtin().Open(reference).
func Open(reference string) (embedding.Embedder, error) { return Builtin().Open(reference) }

// Open opens a reference. It does no I/O, and what it returns is guarded, without other middleware.
func (t Table) Open(reference string) (embedding.Embedder, error) {
	ref, err := Parse(reference)
	if err != nil {
		return nil, err
	}
	open := t[ref.Provider]
	if open == nil {
		names := strings.Join(slices.Sorted(maps.Keys(t)), ", ")
		return nil, ref.invalid(fmt.Errorf("there is no provider %q; there are %s", ref.Provider, names))
	}
	e, err := open(ref)
	if err != nil {
		return nil, err
	}
	return embedding.Chain(e), nil
}

func openDashScope(ref Ref) (embedding.Embedder, error) {
	o := ref.Options()
	opts := dashscope.Options{
		Model:      ref.Model,
		Dimensions: o.Int("dimensions"),
		Region:     o.String("region"),
		Workspace:  o.String("workspace"),
		BaseURL:    o.String("base_url"),
		KeyEnv:     o.Variable("key_env"),
		Native:     o.Bool("native"),
		TextType:   o.Bool("text_type"),
		Instruct:   o.String("instruct"),
		Space:      embedding.Space(o.String("space")),
		Limits:     limits(o),
		Unlisted:   o.Bool("unlisted"),
		AllowHTTP:  o.Bool("allow_http"),
	}
	if err := o.Err(); err != nil {
		return nil, err
	}
	return dashscope.New(opts)
}

func openStatic(ref Ref) (embedding.Embedder, error) {
	o := ref.Options()
	opts := static.Options{
		Model:      ref.Model,
		Dimensions: o.Int("dimensions"),
		Space:      embedding.Space(o.String("space")),
	}
	if err := o.Err(); err != nil {
		return nil, err
	}
	return static.New(opts)
}

// limits reads what a request may hold where the provider's table does not know it or is out of date.
func limits(o *Options) embedding.Limits {
	return embedding.Limits{
		Texts:      o.Int("max_texts"),
		Tokens:     o.Int("max_tokens"),
		TextTokens: o.Int("max_text_tokens"),
	}
}
