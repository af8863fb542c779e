package openai_test

import (
	"slices"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/openai/internal/models"
	"github.com/vecspace/embedding/providers/openai/openaitest"
	"github.com/vecspace/embedding/providers/openai/presettest"
)

func TestEmulators(t *testing.T) {
	for _, p := range models.Presets() {
		v := vendortest.Emulated{Name: p.Name, Open: openai.Open, Catalog: openai.Catalog()}
		switch p.Name {
		case "openai":
			v.Path, v.New, v.Model = openaitest.BasePath, openaitest.New, "text-embedding-3-small"
			v.More, v.Vague = "&encoding_format=base64", true
		default:
			v.Path, v.Model = presettest.BasePath(p.Name), presettest.Model(p.Name)
			v.New = func(o emulator.Options) (*emulator.Server, error) { return presettest.New(p.Name, o) }
			v.Cuts = p.Cuts
			v.Vague = slices.Contains([]string{"deepinfra", "openrouter"}, p.Name)
			v.Lumped = p.Name == "zhipu"
			tokens := map[string]int{"vllm": 8_192, "lmstudio": 2_048, "llamacpp": 512, "localai": 512}
			if p.Local {
				v.Limits = map[string]embedding.Limits{v.Model: {TextTokens: tokens[p.Name]}}
			}
		}
		t.Run(p.Name, v.Test)
	}
}
