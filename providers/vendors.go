package providers

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/azure"
	"github.com/vecspace/embedding/providers/bedrock"
	"github.com/vecspace/embedding/providers/cohere"
	"github.com/vecspace/embedding/providers/gemini"
	"github.com/vecspace/embedding/providers/jina"
	"github.com/vecspace/embedding/providers/ollama"
	"github.com/vecspace/embedding/providers/tei"
	"github.com/vecspace/embedding/providers/voyage"
)

func openOllama(ref Ref) (embedding.Embedder, error) {
	o := ref.Options()
	opts := ollama.Options{
		Model:            ref.Model,
		BaseURL:          o.String("base_url"),
		Dimensions:       o.Int("dimensions"),
		NativeDimensions: o.Int("native_dimensions"),
		Truncate:         o.Bool("truncate"),
		KeepAlive:        o.String("keep_alive"),
		Context:          o.Int("context"),
		QueryPrefix:      o.String("query_prefix"),
		DocumentPrefix:   o.String("document_prefix"),
		Plain:            o.Bool("plain"),
		KeyEnv:           o.Variable("key_env"),
		Space:            embedding.Space(o.String("space")),
		Limits:           limits(o),
		AllowHTTP:        o.Bool("allow_http"),
	}
	if err := o.Err(); err != nil {
		return nil, err
	}
	return ollama.New(opts)
}

func openTEI(ref Ref) (embedding.Embedder, error) {
	o := ref.Options()
	opts := tei.Options{
		Model:            ref.Model,
		BaseURL:          o.String("base_url"),
		Dimensions:       o.Int("dimensions"),
		NativeDimensions: o.Int("native_dimensions"),
		Truncate:         o.Bool("truncate"),
		QueryPrompt:      o.String("query_prompt"),
		DocumentPrompt:   o.String("document_prompt"),
		QueryPrefix:      o.String("query_prefix"),
		DocumentPrefix:   o.String("document_prefix"),
		Plain:            o.Bool("plain"),
		KeyEnv:           o.Variable("key_env"),
		Space:            embedding.Space(o.String("space")),
		Limits:           limits(o),
		AllowHTTP:        o.Bool("allow_http"),
	}
	if err := o.Err(); err != nil {
		return nil, err
	}
	return tei.New(opts)
}

func openCohere(ref Ref) (embedding.Embedder, error) {
	o := ref.Options()
	opts := cohere.Options{
		Model:      ref.Model,
		Dimensions: o.Int("dimensions"),
		BaseURL:    o.String("base_url"),
		KeyEnv:     o.Variable("key_env"),
		Truncate:   o.Bool("truncate"),
		Space:      embedding.Space(o.String("space")),
		Limits:     limits(o),
		Unlisted:   o.Bool("unlisted"),
		AllowHTTP:  o.Bool("allow_http"),
	}
	if err := o.Err(); err != nil {
		return nil, err
	}
	return cohere.New(opts)
}

func openVoyage(ref Ref) (embedding.Embedder, error) {
	o := ref.Options()
	opts := voyage.Options{
		Model:      ref.Model,
		Dimensions: o.Int("dimensions"),
		BaseURL:    o.String("base_url"),
		KeyEnv:     o.Variable("key_env"),
		Truncate:   o.Bool("truncate"),
		Plain:      o.Bool("plain"),
		Space:      embedding.Space(o.String("space")),
		Limits:     limits(o),
		Unlisted:   o.Bool("unlisted"),
		AllowHTTP:  o.Bool("allow_http"),
	}
	if err := o.Err(); err != nil {
		return nil, err
	}
	return voyage.New(opts)
}

func openJina(ref Ref) (embedding.Embedder, error) {
	o := ref.Options()
	opts := jina.Options{
		Model:      ref.Model,
		Dimensions: o.Int("dimensions"),
		BaseURL:    o.String("base_url"),
		KeyEnv:     o.Variable("key_env"),
		Truncate:   o.Bool("truncate"),
		Plain:      o.Bool("plain"),
		Space:      embedding.Space(o.String("space")),
		Limits:     limits(o),
		Unlisted:   o.Bool("unlisted"),
		AllowHTTP:  o.Bool("allow_http"),
	}
	if err := o.Err(); err != nil {
		return nil, err
	}
	return jina.New(opts)
}

func openGemini(ref Ref) (embedding.Embedder, error) {
	o := ref.Options()
	opts := gemini.Options{
		Model:      ref.Model,
		Dimensions: o.Int("dimensions"),
		BaseURL:    o.String("base_url"),
		KeyEnv:     o.Variable("key_env"),
		Plain:      o.Bool("plain"),
		Space:      embedding.Space(o.String("space")),
		Limits:     limits(o),
		Unlisted:   o.Bool("unlisted"),
		AllowHTTP:  o.Bool("allow_http"),
	}
	if err := o.Err(); err != nil {
		return nil, err
	}
	return gemini.New(opts)
}

func openAzure(ref Ref) (embedding.Embedder, error) {
	o := ref.Options()
	opts := azure.Options{
		Deployment:       ref.Model,
		Model:            o.String("model"),
		Endpoint:         o.String("base_url"),
		APIVersion:       o.String("api_version"),
		Dimensions:       o.Int("dimensions"),
		NativeDimensions: o.Int("native_dimensions"),
		KeyEnv:           o.Variable("key_env"),
		Space:            embedding.Space(o.String("space")),
		Limits:           limits(o),
		AllowHTTP:        o.Bool("allow_http"),
	}
	if err := o.Err(); err != nil {
		return nil, err
	}
	return azure.New(opts)
}

func openBedrock(ref Ref) (embedding.Embedder, error) {
	o := ref.Options()
	opts := bedrock.Options{
		Model:        ref.Model,
		Serves:       o.String("serves"),
		Dimensions:   o.Int("dimensions"),
		Region:       o.String("region"),
		BaseURL:      o.String("base_url"),
		KeyEnv:       o.Variable("key_env"),
		Truncate:     o.Bool("truncate"),
		Unnormalized: o.Bool("unnormalized"),
		Space:        embedding.Space(o.String("space")),
		Limits:       limits(o),
		Unlisted:     o.Bool("unlisted"),
		AllowHTTP:    o.Bool("allow_http"),
	}
	if err := o.Err(); err != nil {
		return nil, err
	}
	return bedrock.New(opts)
}
