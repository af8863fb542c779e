package local

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/prefixes"
	"github.com/vecspace/embedding/providers/local/internal/encoder"
	"github.com/vecspace/embedding/providers/local/internal/tokenizer"
)

// folder is what a model's folder says besides its weights.
type folder struct {
	dir       string // of the weights and the tokenizer: the first module's
	encoder   encoder.Config
	prefix    string // that the tensors' names may have
	tokens    *tokenizer.Tokenizer
	length    int // tokens of a text, with those around it
	pooling   pooling
	normalize bool
	prompts   prefixes.Prefixes
}

// pooling makes one vector of the vectors of a text's tokens.
type pooling string

const (
	cls  pooling = "cls"  // the first one
	mean pooling = "mean" // of all
	most pooling = "max"  // of each value
)

// readFolder reads every file but the weights. What it does not know is an error, because to leave
// it out would make other vectors without a word.
func readFolder(dir string) (*folder, error) {
	f := &folder{}
	steps, err := f.modules(dir)
	if err != nil {
		return nil, err
	}
	for _, step := range []func() error{
		func() error { return f.config() },
		func() error { return f.tokenizer() },
		func() error { return f.longest() },
		func() error { return f.pool(steps[1]) },
		func() error { return f.readPrompts(filepath.Join(dir, "config_sentence_transformers.json")) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// modules reads modules.json and returns the folders of the modules.
func (f *folder) modules(dir string) (dirs []string, err error) {
	name := filepath.Join(dir, "modules.json")
	var modules []struct{ Path, Type string }
	if err := readJSON(name, &modules); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: a folder of sentence-transformers has it, and without it the pooling would be a guess", err)
		}
		return nil, err
	}
	var kinds []string
	for _, m := range modules {
		kinds = append(kinds, m.Type[strings.LastIndexByte(m.Type, '.')+1:])
		if m.Path != "" && !filepath.IsLocal(filepath.FromSlash(m.Path)) {
			return nil, fmt.Errorf("%s: the module's path %q leads out of the folder", name, m.Path)
		}
		dirs = append(dirs, filepath.Join(dir, filepath.FromSlash(m.Path)))
	}
	for _, kind := range kinds {
		if !slices.Contains([]string{"Transformer", "Pooling", "Normalize"}, kind) {
			return nil, fmt.Errorf("%s: the module %s is not known here; Transformer, Pooling and Normalize are", name, kind)
		}
	}
	f.normalize = len(kinds) == 3
	if len(kinds) < 2 || !slices.Equal(kinds, []string{"Transformer", "Pooling", "Normalize"}[:min(len(kinds), 3)]) {
		return nil, fmt.Errorf("%s: the modules are %s; want Transformer, Pooling and perhaps Normalize", name, strings.Join(kinds, ", "))
	}
	f.dir = dirs[0]
	return dirs, nil
}

// config reads config.json.
func (f *folder) config() error {
	var c struct {
		ModelType  string  `json:"model_type"`
		Activation string  `json:"hidden_act"`
		Places     string  `json:"position_embedding_type"`
		Decoder    bool    `json:"is_decoder"`
		Hidden     int     `json:"hidden_size"`
		Inner      int     `json:"intermediate_size"`
		Heads      int     `json:"num_attention_heads"`
		Layers     int     `json:"num_hidden_layers"`
		Positions  int     `json:"max_position_embeddings"`
		Types      int     `json:"type_vocab_size"`
		Vocabulary int     `json:"vocab_size"`
		Epsilon    float32 `json:"layer_norm_eps"`
		Pad        *int    `json:"pad_token_id"`
	}
	name := filepath.Join(f.dir, "config.json")
	if err := readJSON(name, &c); err != nil {
		return err
	}
	first := 0
	switch c.ModelType {
	case "bert":
	case "xlm-roberta":
		if c.Pad == nil || *c.Pad < 0 {
			return fmt.Errorf("%s: there is no pad_token_id, and positions begin behind it", name)
		}
		first = *c.Pad + 1
	default:
		return fmt.Errorf("%s: the model_type is %q; bert and xlm-roberta run here", name, c.ModelType)
	}
	switch {
	case c.Activation != "gelu":
		return fmt.Errorf("%s: hidden_act is %q, want gelu", name, c.Activation)
	case c.Places != "" && c.Places != "absolute":
		return fmt.Errorf("%s: position_embedding_type is %q, want absolute", name, c.Places)
	case c.Decoder:
		return fmt.Errorf("%s: is_decoder is true, and only encoders run here", name)
	case min(c.Hidden, c.Inner, c.Heads, c.Layers, c.Types, c.Vocabulary) <= 0 || c.Positions <= first || c.Hidden%c.Heads != 0 || c.Epsilon <= 0:
		return fmt.Errorf("%s: the sizes make no model: hidden_size %d, intermediate_size %d, num_attention_heads %d, num_hidden_layers %d, "+
			"max_position_embeddings %d, type_vocab_size %d, vocab_size %d, layer_norm_eps %g",
			name, c.Hidden, c.Inner, c.Heads, c.Layers, c.Positions, c.Types, c.Vocabulary, c.Epsilon)
	}
	f.prefix = map[string]string{"bert": "bert.", "xlm-roberta": "roberta."}[c.ModelType]
	f.encoder = encoder.Config{
		Hidden: c.Hidden, Inner: c.Inner, Heads: c.Heads, Layers: c.Layers,
		Positions: c.Positions, First: first, Types: c.Types, Vocabulary: c.Vocabulary, Epsilon: c.Epsilon,
	}
	return nil
}

func (f *folder) tokenizer() error {
	name := filepath.Join(f.dir, "tokenizer.json")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if f.tokens, err = tokenizer.Read(text); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if f.tokens.Size > f.encoder.Vocabulary {
		return fmt.Errorf("%s: there are ids up to %d, and config.json has the vocab_size %d", name, f.tokens.Size-1, f.encoder.Vocabulary)
	}
	return nil
}

// longest reads how many tokens a text may have.
func (f *folder) longest() error {
	var s struct {
		Length    *int `json:"max_seq_length"`
		Lowercase bool `json:"do_lower_case"`
	}
	name := filepath.Join(f.dir, "sentence_bert_config.json")
	if err := readJSON(name, &s); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if s.Lowercase {
		return fmt.Errorf("%s: do_lower_case is true; only a tokenizer that does it itself is known here", name)
	}
	places := f.encoder.Positions - f.encoder.First
	f.length = places
	if s.Length != nil {
		f.length = min(*s.Length, places)
	} else {
		var t struct {
			Length float64 `json:"model_max_length"` // may be 1e30, for no limit
		}
		if err := readJSON(filepath.Join(f.dir, "tokenizer_config.json"), &t); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if t.Length > 0 {
			f.length = int(min(t.Length, float64(places)))
		}
	}
	if f.length <= f.around() {
		return fmt.Errorf("%s: max_seq_length is %d, which leaves no room for a text", name, f.length)
	}
	return nil
}

// around is how many tokens stand around those of a text.
func (f *folder) around() int { return len(f.tokens.Begin) + len(f.tokens.End) }

// pool reads the folder of the module Pooling.
func (f *folder) pool(dir string) error {
	name := filepath.Join(dir, "config.json")
	var c map[string]any
	if err := readJSON(name, &c); err != nil {
		return err
	}
	modes := map[string]pooling{"pooling_mode_cls_token": cls, "pooling_mode_mean_tokens": mean, "pooling_mode_max_tokens": most}
	var on []string
	for key, value := range c {
		if value == true && strings.HasPrefix(key, "pooling_mode_") {
			on = append(on, key)
		}
	}
	if mode, ok := c["pooling_mode"].(string); ok && len(on) == 0 { // the form since version 5
		on = []string{"pooling_mode_" + strings.TrimSuffix(mode, "_tokens")}
		modes = map[string]pooling{"pooling_mode_cls": cls, "pooling_mode_mean": mean, "pooling_mode_max": most}
	}
	slices.Sort(on)
	if len(on) != 1 || modes[on[0]] == "" {
		return fmt.Errorf("%s: the pooling is [%s]; one of cls, mean and max is known here", name, strings.Join(on, ", "))
	}
	f.pooling = modes[on[0]]
	if included, ok := c["include_prompt"].(bool); ok && !included {
		return fmt.Errorf("%s: include_prompt is false, which is not known here", name)
	}
	return nil
}

// promptNames are the prompts that each task looks for, the first name first.
var promptNames = map[embedding.Task][]string{
	embedding.TaskDocument:       {"document", "passage", "corpus"},
	embedding.TaskQuery:          {"query"},
	embedding.TaskSimilarity:     {"similarity", "sts"},
	embedding.TaskClassification: {"classification"},
	embedding.TaskClustering:     {"clustering"},
}

// readPrompts reads what is put in front of the texts of each task.
func (f *folder) readPrompts(name string) error {
	var c struct {
		Prompts map[string]string `json:"prompts"`
		Default *string           `json:"default_prompt_name"`
	}
	if err := readJSON(name, &c); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	usual := ""
	if c.Default != nil {
		var ok bool
		if usual, ok = c.Prompts[*c.Default]; !ok {
			return fmt.Errorf("%s: there is no prompt of the name %q, which is the default", name, *c.Default)
		}
	}
	f.prompts = make(prefixes.Prefixes)
	for task, names := range promptNames {
		prompt := usual
		for _, n := range names {
			if own, ok := c.Prompts[n]; ok {
				prompt = own
				break
			}
		}
		if prompt != "" {
			f.prompts[task] = prompt
		}
	}
	return nil
}

// meaning is what decides vectors besides the weights and the tokenizer's file. It is hashed into
// the Space, so its form never changes.
func (f *folder) meaning() string {
	return fmt.Sprintf("pooling=%s normalize=%t length=%d heads=%d first=%d epsilon=%g",
		f.pooling, f.normalize, f.length, f.encoder.Heads, f.encoder.First, f.encoder.Epsilon)
}

// readJSON decodes a file. The error names it.
func readJSON(name string, to any) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, to); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// named returns the last part of a folder's path.
func named(dir string) string {
	if full, err := filepath.Abs(dir); err == nil {
		dir = full
	}
	return cmp.Or(filepath.Base(dir), dir)
}
