package command

import (
	"cmp"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/vecspace/embedding/providers/azure/azuretest"
	"github.com/vecspace/embedding/providers/bedrock/bedrocktest"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/cohere/coheretest"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/gemini/geminitest"
	"github.com/vecspace/embedding/providers/jina/jinatest"
	"github.com/vecspace/embedding/providers/ollama/ollamatest"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/openai/openaitest"
	"github.com/vecspace/embedding/providers/openai/presettest"
	"github.com/vecspace/embedding/providers/tei/teitest"
	"github.com/vecspace/embedding/providers/voyage/voyagetest"
)

// service is one that can be emulated.
type service struct {
	name, title string
	open        func(emulator.Options) (*emulator.Server, error)
	path        string // that a base URL ends in
	key         string // the variable of its key; "": it asks for none
	reference   string // of a model to try, without options
	bases       []base // variables with its address that programs read
	more        string // options that a reference to it needs
	one         bool   // it has one model, which -model names
	region      string // DashScope's, once it is open
}

// base is a variable of an address, and the path that it ends in.
type base struct{ variable, path string }

func services() []service {
	all := []service{
		{name: "azure", title: "Azure OpenAI", open: func(o emulator.Options) (*emulator.Server, error) {
			return azuretest.New(azuretest.Options{Options: o})
		},
			key: "AZURE_OPENAI_API_KEY", reference: "azure:text-embedding-3-small", bases: []base{{"AZURE_OPENAI_ENDPOINT", ""}}}, // its models, each deployed under its own name
		{name: "bedrock", title: "Amazon Bedrock", open: func(o emulator.Options) (*emulator.Server, error) {
			return bedrocktest.New(bedrocktest.Options{Options: o})
		},
			key: "AWS_BEARER_TOKEN_BEDROCK", reference: "bedrock:amazon.titan-embed-text-v2:0", more: "&region=" + bedrocktest.DefaultRegion},
		{name: "cohere", title: "Cohere", open: coheretest.New, path: coheretest.BasePath, key: "COHERE_API_KEY", reference: "cohere:embed-v4.0"},
		{name: "dashscope", title: "DashScope", path: dashscopetest.BasePath, key: "DASHSCOPE_API_KEY",
			reference: "dashscope:text-embedding-v4", bases: []base{{dashscope.BaseURLVariable, dashscopetest.BasePath}, {dashscope.NativeBaseURLVariable, dashscopetest.NativeBasePath}}},
		{name: "gemini", title: "Gemini", open: geminitest.New, path: geminitest.BasePath, key: "GEMINI_API_KEY", reference: "gemini:gemini-embedding-001"},
		{name: "jina", title: "Jina", open: jinatest.New, path: jinatest.BasePath, key: "JINA_API_KEY", reference: "jina:jina-embeddings-v3"},
		{name: "ollama", title: "Ollama", open: ollamatest.New, reference: "ollama:nomic-embed-text", bases: []base{{"OLLAMA_HOST", ""}}},
		{name: "openai", title: "OpenAI", open: openaitest.New, path: openaitest.BasePath, key: "OPENAI_API_KEY",
			reference: "openai:text-embedding-3-small", bases: []base{{"OPENAI_BASE_URL", openaitest.BasePath}}},
		{name: "tei", title: "Text Embeddings Inference", open: teitest.New, reference: "tei:" + teitest.DefaultModel, bases: []base{{"TEI_BASE_URL", ""}}, one: true},
		{name: "voyage", title: "Voyage", open: voyagetest.New, path: voyagetest.BasePath, key: "VOYAGE_API_KEY", reference: "voyage:voyage-4"},
	}
	models := openai.Catalog()
	for _, name := range presettest.Names() {
		m := models[slices.IndexFunc(models, func(e catalog.Entry) bool { return e.Provider == name })]
		all = append(all, service{name: name, title: presettest.Title(name), open: func(o emulator.Options) (*emulator.Server, error) { return presettest.New(name, o) },
			path: presettest.BasePath(name), key: m.Key, reference: name + ":" + presettest.Model(name), one: m.Model == catalog.AnyModel})
	}
	slices.SortFunc(all, func(a, b service) int { return strings.Compare(a.name, b.name) })
	return all
}

func serviceNames() string {
	var names []string
	for _, s := range services() {
		names = append(names, s.name)
	}
	return strings.Join(names, ", ")
}

// flags adds the flags that only one service has, and completes its open, which reads their values.
func (s *service) flags(fs *flag.FlagSet, o *emulator.Options) {
	if s.one {
		_, model, _ := strings.Cut(s.reference, ":")
		fs.Func("model", "the `model` that the server has (default "+model+")", func(model string) error {
			o.Model, s.reference = model, s.name+":"+model
			return nil
		})
	}
	if s.name == "dashscope" {
		region := fs.String("region", "", "the region to be (default that of the first key, else intl)")
		s.open = func(o emulator.Options) (*emulator.Server, error) {
			to := dashscopetest.Options{Options: o}
			for i, key := range o.Keys {
				key, home, _ := strings.Cut(key, "=")
				if i == 0 {
					to.Keys, to.KeyRegions, to.Region = nil, map[string]string{}, home
				}
				to.KeyRegions[key] = home
			}
			to.Region = cmp.Or(*region, to.Region, "intl")
			s.region = to.Region
			return dashscopetest.New(to)
		}
	}
}

// goodKey returns the first key that opens the emulator, "" if it asks for none.
func (s service) goodKey(o emulator.Options) (string, error) {
	for _, k := range o.Keys {
		key, home, regional := strings.Cut(k, "=")
		if s.name != "dashscope" {
			return k, nil
		}
		if !regional || home == s.region {
			return key, nil
		}
	}
	switch {
	case o.Keys != nil:
		return "", fmt.Errorf("none of the keys belongs to region %s: every request gets 401", s.region)
	case s.key == "":
		return "", nil
	}
	return emulator.DefaultKey, nil
}

// try is a reference that leads to the emulator.
func (s service) try(base string) string {
	ref := s.reference + "?base_url=" + base + s.path + s.more
	if s.key != "" {
		ref += "&key_env=" + s.key
	}
	return ref
}
