package providers

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/openai"
)

// addPresets adds what speaks OpenAI's API under another name, each by its own name.
func addPresets(t Table) {
	for _, p := range openai.Presets() {
		if t[p.Name] == nil {
			t[p.Name] = func(ref Ref) (embedding.Embedder, error) { return openCompatible(ref, p.Name) }
		}
	}
}

func openOpenAI(ref Ref) (embedding.Embedder, error) { return openCompatible(ref, "") }

// openCompatible opens a server of OpenAI's API: by its preset, or by its address where there is none.
func openCompatible(ref Ref, preset string) (embedding.Embedder, error) {
	o := ref.Options()
	opts := openai.Options{
		Model:            ref.Model,
		Preset:           preset,
		BaseURL:          o.String("base_url"),
		Dimensions:       o.Int("dimensions"),
		NativeDimensions: o.Int("native_dimensions"),
		KeyEnv:           o.Variable("key_env"),
		EncodingFormat:   o.String("encoding_format"),
		Space:            embedding.Space(o.String("space")),
		Limits:           limits(o),
		AllowHTTP:        o.Bool("allow_http"),
	}
	if err := o.Err(); err != nil {
		return nil, err
	}
	return openai.New(opts)
}
