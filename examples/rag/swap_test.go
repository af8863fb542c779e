package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/azure/azuretest"
	"github.com/vecspace/embedding/providers/bedrock/bedrocktest"
	"github.com/vecspace/embedding/providers/cohere/coheretest"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/gemini/geminitest"
	"github.com/vecspace/embedding/providers/jina/jinatest"
	"github.com/vecspace/embedding/providers/ollama/ollamatest"
	"github.com/vecspace/embedding/providers/openai/openaitest"
	"github.com/vecspace/embedding/providers/openai/presettest"
	"github.com/vecspace/embedding/providers/tei/teitest"
	"github.com/vecspace/embedding/providers/voyage/voyagetest"
)

// TestSwap runs the program with every provider there is, each at its emulator. Nothing changes but the reference, and the
// environment, which has the keys.
func TestSwap(t *testing.T) {
	file := filepath.Join(t.TempDir(), "guide.md")
	text := "# Garden\n\n## Roses\n\nRoses want sun and a deep soil.\n\n## Lawn\n\nMow the lawn every week in May.\n\n# Kitchen\n\n## Knives\n\nSharpen knives on a wet stone.\n"
	expect.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	for _, e := range providers.Catalogue() {
		if e.Key != "" {
			t.Setenv(e.Key, emulator.DefaultKey) // all emulators have the same
		}
	}
	serve := func(h http.Handler, err error) string {
		t.Helper()
		expect.NoError(t, err)
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.URL
	}
	azure, err := azuretest.New(azuretest.Options{})
	azureURL := serve(azure, err)
	bedrock, err := bedrocktest.New(bedrocktest.Options{})
	bedrockURL := serve(bedrock, err)
	cohere, err := coheretest.New(emulator.Options{})
	cohereURL := serve(cohere, err)
	dashscope, err := dashscopetest.New(dashscopetest.Options{})
	dashscopeURL := serve(dashscope, err)
	gemini, err := geminitest.New(emulator.Options{})
	geminiURL := serve(gemini, err)
	jina, err := jinatest.New(emulator.Options{})
	jinaURL := serve(jina, err)
	mistral, err := presettest.New("mistral", emulator.Options{})
	mistralURL := serve(mistral, err)
	ollama, err := ollamatest.New(emulator.Options{})
	ollamaURL := serve(ollama, err)
	openai, err := openaitest.New(emulator.Options{})
	openaiURL := serve(openai, err)
	tei, err := teitest.New(emulator.Options{})
	teiURL := serve(tei, err)
	voyage, err := voyagetest.New(emulator.Options{})
	voyageURL := serve(voyage, err)

	references := map[string]string{
		"azure":     "azure:text-embedding-3-small?model=text-embedding-3-small&base_url=" + azureURL,
		"bedrock":   "bedrock:amazon.titan-embed-text-v2:0?region=us-east-1&base_url=" + bedrockURL,
		"cohere":    "cohere:embed-v4.0?base_url=" + cohereURL + coheretest.BasePath,
		"dashscope": "dashscope:text-embedding-v4?base_url=" + dashscopeURL + dashscopetest.BasePath,
		"gemini":    "gemini:gemini-embedding-001?base_url=" + geminiURL + geminitest.BasePath,
		"jina":      "jina:jina-embeddings-v3?base_url=" + jinaURL + jinatest.BasePath,
		"mistral":   "mistral:mistral-embed?base_url=" + mistralURL + presettest.BasePath("mistral"),
		"ollama":    "ollama:nomic-embed-text?base_url=" + ollamaURL,
		"openai":    "openai:text-embedding-3-small?key_env=OPENAI_API_KEY&base_url=" + openaiURL + openaitest.BasePath,
		"static":    "static:base",
		"tei":       "tei:" + teitest.DefaultModel + "?base_url=" + teiURL,
		"voyage":    "voyage:voyage-4?base_url=" + voyageURL + voyagetest.BasePath,
	}
	for _, name := range presettest.Names() {
		preset, err := presettest.New(name, emulator.Options{})
		references[name] = name + ":" + presettest.Model(name) + "?base_url=" + serve(preset, err) + presettest.BasePath(name)
	}
	for name := range providers.Builtin() {
		ref := references[name]
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			expect.NoError(t, run(t.Context(), []string{"-file", file, "-embedder", ref, "-k", "2", "how often do I cut the grass?"}, &out))
			if got := out.String(); !strings.Contains(got, "Mow the lawn every week") || strings.Contains(got, "wet stone") {
				t.Errorf("printed %q", got)
			}
		})
	}
}
