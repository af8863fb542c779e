package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/local/tiny"
)

// Everything that is not known or not as it should be is an error of kind Invalid that names the
// file and what is wrong with it.
func TestFolderRefuses(t *testing.T) {
	for _, c := range []struct{ file, from, to, want string }{
		{"modules.json", "", "-", "modules.json"},
		{"modules.json", "", "-", "without it the pooling would be a guess"},
		{"modules.json", "models.Normalize", "models.Dense", "modules.json: the module Dense is not known here; Transformer, Pooling and Normalize are"},
		{"modules.json", "models.Normalize", "models.Pooling", "the modules are Transformer, Pooling, Pooling; want"},
		{"modules.json", "models.Pooling", "models.Normalize", "the modules are Transformer, Normalize, Normalize; want"},
		{"modules.json", `"1_Pooling"`, `"../1_Pooling"`, `the module's path "../1_Pooling" leads out of the folder`},
		{"config.json", "", "-", "config.json"},
		{"config.json", `"bert"`, `"mpnet"`, `config.json: the model_type is "mpnet"; bert and xlm-roberta run here`},
		{"config.json", `"gelu"`, `"relu"`, `hidden_act is "relu", want gelu`},
		{"config.json", `"pad_token_id"`, `"position_embedding_type": "relative_key", "pad"`, `position_embedding_type is "relative_key"`},
		{"config.json", `"pad_token_id"`, `"is_decoder": true, "pad"`, "is_decoder is true"},
		{"config.json", `"num_attention_heads": 4`, `"num_attention_heads": 5`, "the sizes make no model: hidden_size 32"},
		{"config.json", `"num_attention_heads": 4`, `"num_attention_heads": 0`, "the sizes make no model: hidden_size 32"},
		{"config.json", `"layer_norm_eps": 1e-12`, `"layer_norm_eps": 0`, "layer_norm_eps 0"},
		{"config.json", `"vocab_size": 148`, `"vocab_size": 147`, "tokenizer.json: there are ids up to 147, and config.json has the vocab_size 147"},
		{"config.json", `"vocab_size": 148`, `"vocab_size": 149`, `model.safetensors: tensor "embeddings.word_embeddings.weight" has the shape [148 32], want [149 32]`},
		{"config.json", `"num_hidden_layers": 2`, `"num_hidden_layers": 3`, `model.safetensors: there is no tensor "encoder.layer.2.attention.self.query.weight"`},
		{"config.json", `"intermediate_size": 80`, `"intermediate_size": 81`, `tensor "encoder.layer.0.intermediate.dense.weight" has the shape [80 32], want [81 32]`},
		{"config.json", `"bert"`, `7`, "config.json: json: "},
		{"config.json", `"pad_token_id": 0`, `"pad_token_id": -1, "model_type": "xlm-roberta"`, "there is no pad_token_id"},
		{"tokenizer.json", "", "-", "tokenizer.json"},
		{"tokenizer.json", `"WordPiece"`, `"BPE"`, `tokenizer.json: the model is of type "BPE"`},
		{"sentence_bert_config.json", "64", "2", "max_seq_length is 2, which leaves no room"},
		{"sentence_bert_config.json", "false", "true", "do_lower_case is true"},
		{"sentence_bert_config.json", "{", "[", "sentence_bert_config.json: "},
		{"1_Pooling/config.json", "", "-", "config.json"},
		{"1_Pooling/config.json", `"pooling_mode_cls_token": false`, `"pooling_mode_cls_token": true`, "the pooling is [pooling_mode_cls_token, pooling_mode_mean_tokens]; one of"},
		{"1_Pooling/config.json", `"pooling_mode_mean_tokens": true`, `"pooling_mode_mean_tokens": false`, "the pooling is []; one of"},
		{"1_Pooling/config.json", `"pooling_mode_mean_tokens": true`, `"pooling_mode_lasttoken": true`, "the pooling is [pooling_mode_lasttoken]; one of"},
		{"1_Pooling/config.json", `"pooling_mode_weightedmean"`, `"include_prompt": false, "x"`, "include_prompt is false"},
		{"config_sentence_transformers.json", `"default_prompt_name": null`, `"default_prompt_name": "x"`, `there is no prompt of the name "x"`},
		{"config_sentence_transformers.json", `"prompts": null`, `"prompts": {"query": "` + strings.Repeat("q ", 70) + `"}`, "a prompt of 70 tokens leaves no room for a text, of 64"},
		{"model.safetensors", "", "-", ": weights in other files, such as pytorch_model.bin or several parts, are not read"},
		{"model.safetensors", `"F32"`, `"F64"`, `is of type F64; F32, F16 and BF16 are read`},
	} {
		dir := written(t, tiny.Model{})
		name := filepath.Join(dir, filepath.FromSlash(c.file))
		if c.to == "-" {
			expect.NoError(t, os.Remove(name))
		} else {
			text, err := os.ReadFile(name)
			expect.NoError(t, err)
			changed := strings.Replace(string(text), c.from, c.to, 1)
			if changed == string(text) {
				t.Errorf("%s: %s is not in it", c.file, c.from)
			}
			expect.NoError(t, os.WriteFile(name, []byte(changed), 0o600))
		}
		_, err := New(Options{Folder: dir})
		if !errors.Is(err, embedding.Invalid) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "embedding: local:tiny: ") {
			t.Errorf("%s, %s: got %v, want %q", c.file, c.to, err, c.want)
		}
	}
}

// A file of weights that ends too early is refused when the model is loaded.
func TestCutWeights(t *testing.T) {
	dir := written(t, tiny.Model{})
	expect.NoError(t, os.Truncate(filepath.Join(dir, "model.safetensors"), 20_000))
	_, err := New(Options{Folder: dir})
	vendortest.Refused(t, "weights that are cut off", err, nil, `model.safetensors: tensor "`, "cut off")
}

// The files that a folder may lack, and the other forms that they have.
func TestForms(t *testing.T) {
	dir := written(t, tiny.Model{})
	expect.NoError(t, os.Remove(filepath.Join(dir, "sentence_bert_config.json")))
	expect.NoError(t, os.Remove(filepath.Join(dir, "config_sentence_transformers.json")))
	limit := func(want int) {
		t.Helper()
		f, err := readFolder(dir)
		expect.NoError(t, err)
		expect.Equal(t, "length", f.length, want)
	}
	write := func(name, text string) {
		t.Helper()
		expect.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	limit(64) // the positions
	write("tokenizer_config.json", `{"model_max_length": 1e30}`)
	limit(64)
	write("tokenizer_config.json", `{"model_max_length": 16}`)
	limit(16)
	write("sentence_bert_config.json", `{"max_seq_length": 512}`)
	limit(64)
	write("sentence_bert_config.json", `{"max_seq_length": null}`)
	limit(16)
	write("1_Pooling/config.json", `{"embedding_dimension": 32, "pooling_mode": "cls", "include_prompt": true}`)
	f, err := readFolder(dir)
	expect.NoError(t, err)
	expect.Equal(t, "pooling", f.pooling, cls)

	// Older folders have the weights in one of their own.
	expect.NoError(t, os.Mkdir(filepath.Join(dir, "0_Transformer"), 0o700))
	for _, name := range []string{"config.json", "model.safetensors", "tokenizer.json"} {
		expect.NoError(t, os.Rename(filepath.Join(dir, name), filepath.Join(dir, "0_Transformer", name)))
	}
	text, err := os.ReadFile(filepath.Join(dir, "modules.json"))
	expect.NoError(t, err)
	write("modules.json", strings.Replace(string(text), `"path": ""`, `"path": "0_Transformer"`, 1))
	if _, err := New(Options{Folder: dir}); err != nil {
		t.Errorf("got %v, want a model", err)
	}
}

// A task's prompt has one of several names; the default prompt is for the tasks without one.
func TestPrompts(t *testing.T) {
	dir := written(t, tiny.Model{})
	name := filepath.Join(dir, "config_sentence_transformers.json")
	for text, want := range map[string]string{
		`{}`: "",
		`{"prompts": {"query": "q: ", "passage": "p: "}}`:                                       `document="p: ",query="q: "`,
		`{"prompts": {"query": "", "document": "d: ", "passage": "p: "}}`:                       `document="d: "`,
		`{"prompts": {"query": "q: ", "x": "x: "}, "default_prompt_name": "x"}`:                 `document="x: ",query="q: ",similarity="x: ",classification="x: ",clustering="x: "`,
		`{"prompts": {"sts": "s: ", "clustering": "c: "}, "similarity_fn_name": "cosine"}`:      `similarity="s: ",clustering="c: "`,
		`{"prompts": {"classification": "k: "}, "default_prompt_name": null, "__version__":{}}`: `classification="k: "`,
	} {
		expect.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		e := vendortest.Opened(t)(New(Options{Folder: dir}))
		expect.Equal(t, "variant of "+text, e.Model().Variant, want)
		expect.Equal(t, "symmetric with "+text, e.Model().Symmetric, want == "")
	}
}

// Prefixes of a reference replace all prompts of the folder.
func TestPrefixes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "e5-small-v2")
	expect.NoError(t, tiny.Write(dir, tiny.Model{Prompts: map[string]string{"query": "q: ", "clustering": "c: "}}))
	for want, o := range map[string]Options{
		`query="q: ",clustering="c: "`: {},
		"":                             {Plain: true},
		`query="mine "`:                {QueryPrefix: "mine "},
		`document="passage: ",query="query: ",similarity="query: ",classification="query: ",clustering="query: "`: {Prefix: "auto"},
		`query="query: "`: {Prefix: "arctic2"},
	} {
		o.Folder = dir
		e, err := New(o)
		expect.NoError(t, err)
		expect.Equal(t, "variant", e.Model().Variant, want)
	}
	for want, o := range map[string]Options{
		"both a prefix and Plain are given": {Plain: true, Prefix: "auto"},
		`there is no prefix "x"`:            {Prefix: "x"},
	} {
		o.Folder = dir
		_, err := New(o)
		vendortest.Refused(t, fmt.Sprintf("%+v", o), err, embedding.Invalid, want)
	}
}
