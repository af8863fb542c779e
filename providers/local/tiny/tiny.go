// Package tiny writes tiny models of random weights, for tests of programs that use package
// local. A model loads in milliseconds, and its vectors mean nothing: equal texts have equal
// vectors, and other texts others.
package tiny

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Model is the shape of a model. The zero value is a BERT of two layers and 32 dimensions that
// reads ASCII letter by letter, takes 64 tokens a text, and has mean pooling and unit vectors.
type Model struct {
	Hidden, Inner, Heads, Layers int               // each 0 means a tiny one; Hidden is a multiple of Heads
	Length                       int               // tokens of a text; 0 means 64
	Pooling                      string            // "cls", "mean" or "max"; "" means mean
	Unnormalized                 bool              // vectors keep their length
	Prompts                      map[string]string // as in config_sentence_transformers.json
	Type                         string            // of the weights: "F32", "F16" or "BF16"; "" means F32
	Prefix                       string            // of the tensors' names, such as "bert."
	Roberta                      bool              // an xlm-roberta, whose positions begin behind the padding's id
	Seed                         uint64            // other seeds have other weights
}

// Write writes the files of a model to a folder, which it creates.
func Write(dir string, m Model) error {
	for _, field := range []struct {
		at    *int
		usual int
	}{{&m.Hidden, 32}, {&m.Inner, 80}, {&m.Heads, 4}, {&m.Layers, 2}, {&m.Length, 64}} {
		if *field.at == 0 {
			*field.at = field.usual
		}
	}
	if m.Pooling == "" {
		m.Pooling = "mean"
	}
	if m.Type == "" {
		m.Type = "F32"
	}
	if err := os.MkdirAll(filepath.Join(dir, "1_Pooling"), 0o755); err != nil {
		return err
	}
	kind, pad := "bert", 0
	if m.Roberta {
		kind, pad = "xlm-roberta", 1
	}
	vocabulary := pieces()
	modules := []map[string]any{
		{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
		{"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
	}
	if !m.Unnormalized {
		modules = append(modules, map[string]any{"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"})
	}
	for name, value := range map[string]any{
		"config.json": map[string]any{
			"model_type": kind, "hidden_act": "gelu", "hidden_size": m.Hidden, "intermediate_size": m.Inner,
			"num_attention_heads": m.Heads, "num_hidden_layers": m.Layers, "max_position_embeddings": m.positions(),
			"type_vocab_size": 2, "vocab_size": len(vocabulary), "layer_norm_eps": 1e-12, "pad_token_id": pad,
		},
		"modules.json":              modules,
		"sentence_bert_config.json": map[string]any{"max_seq_length": m.Length, "do_lower_case": false},
		"1_Pooling/config.json": map[string]any{
			"word_embedding_dimension":  m.Hidden,
			"pooling_mode_cls_token":    m.Pooling == "cls",
			"pooling_mode_mean_tokens":  m.Pooling == "mean",
			"pooling_mode_max_tokens":   m.Pooling == "max",
			"pooling_mode_weightedmean": false,
		},
		"config_sentence_transformers.json": map[string]any{"prompts": m.Prompts, "default_prompt_name": nil},
		"tokenizer.json":                    tokenizer(vocabulary),
	} {
		text, err := json.MarshalIndent(value, "", " ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), text, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "model.safetensors"), weights(m, len(vocabulary)), 0o644)
}

// positions returns the rows of the table of positions.
func (m Model) positions() int {
	if m.Roberta {
		return m.Length + 2
	}
	return m.Length
}

// pieces returns the vocabulary: special tokens, the visible characters of ASCII as the beginning
// of a word and inside one, and some words.
func pieces() []string {
	all := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
	for c := '!'; c <= '~'; c++ {
		if c < 'A' || c > 'Z' {
			all = append(all, string(c), "##"+string(c))
		}
	}
	return append(all, "the", "a", "of", "hello", "world", "##ing", "##s")
}

func tokenizer(vocabulary []string) map[string]any {
	ids := make(map[string]int)
	var added []map[string]any
	for id, piece := range vocabulary {
		ids[piece] = id
		if id < 5 {
			added = append(added, map[string]any{
				"id": id, "content": piece, "special": true,
				"single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
			})
		}
	}
	place := func(kind, id string, part int) map[string]any {
		return map[string]any{kind: map[string]any{"id": id, "type_id": part}}
	}
	single := []any{place("SpecialToken", "[CLS]", 0), place("Sequence", "A", 0), place("SpecialToken", "[SEP]", 0)}
	return map[string]any{
		"version":    "1.0",
		"truncation": map[string]any{"max_length": 8, "strategy": "LongestFirst", "stride": 0}, // which local ignores
		"padding": map[string]any{
			"strategy": map[string]any{"Fixed": 8}, "direction": "Right", "pad_to_multiple_of": nil, "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]",
		},
		"added_tokens":  added,
		"normalizer":    map[string]any{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": nil, "lowercase": true},
		"pre_tokenizer": map[string]any{"type": "BertPreTokenizer"},
		"post_processor": map[string]any{
			"type": "TemplateProcessing", "single": single,
			"pair": append(single, place("Sequence", "B", 1), place("SpecialToken", "[SEP]", 1)),
			"special_tokens": map[string]any{
				"[CLS]": map[string]any{"id": "[CLS]", "ids": []int{2}, "tokens": []string{"[CLS]"}},
				"[SEP]": map[string]any{"id": "[SEP]", "ids": []int{3}, "tokens": []string{"[SEP]"}},
			},
		},
		"model": map[string]any{
			"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": ids,
		},
	}
}

// weights returns the file of the tensors.
func weights(m Model, vocabulary int) []byte {
	shapes := map[string][]int{
		"embeddings.word_embeddings.weight":       {vocabulary, m.Hidden},
		"embeddings.position_embeddings.weight":   {m.positions(), m.Hidden},
		"embeddings.token_type_embeddings.weight": {2, m.Hidden},
	}
	linear := func(name string, in, out int) {
		shapes[name+".weight"], shapes[name+".bias"] = []int{out, in}, []int{out}
	}
	norm := func(name string) { shapes[name+".weight"], shapes[name+".bias"] = []int{m.Hidden}, []int{m.Hidden} }
	norm("embeddings.LayerNorm")
	for i := range m.Layers {
		at := fmt.Sprintf("encoder.layer.%d.", i)
		for _, name := range []string{"self.query", "self.key", "self.value", "output.dense"} {
			linear(at+"attention."+name, m.Hidden, m.Hidden)
		}
		linear(at+"intermediate.dense", m.Hidden, m.Inner)
		linear(at+"output.dense", m.Inner, m.Hidden)
		norm(at + "attention.output.LayerNorm")
		norm(at + "output.LayerNorm")
	}
	random := rand.New(rand.NewPCG(7, m.Seed))
	header := make(map[string]any)
	var data []byte
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		begin, n := len(data), 1
		for _, d := range shapes[name] {
			n *= d
		}
		for range n {
			v := float32(random.NormFloat64()) * 0.3
			if strings.HasSuffix(name, "LayerNorm.weight") {
				v++
			}
			data = appendNumber(data, m.Type, v)
		}
		header[m.Prefix+name] = map[string]any{"dtype": m.Type, "shape": shapes[name], "data_offsets": []int{begin, len(data)}}
	}
	text, err := json.Marshal(header)
	if err != nil {
		panic(err) // numbers and strings only
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	return append(append(out, text...), data...)
}

// appendNumber appends a value of ordinary size.
func appendNumber(b []byte, kind string, v float32) []byte {
	bits := math.Float32bits(v)
	switch kind {
	case "BF16":
		return binary.LittleEndian.AppendUint16(b, uint16(bits>>16))
	case "F16": // the exponents differ by 112; the fraction is cut
		exponent := int(bits>>23&255) - 112
		if exponent <= 0 {
			return binary.LittleEndian.AppendUint16(b, uint16(bits>>16)&0x8000)
		}
		return binary.LittleEndian.AppendUint16(b, uint16(bits>>16)&0x8000|uint16(exponent)<<10|uint16(bits>>13)&1023)
	}
	return binary.LittleEndian.AppendUint32(b, bits)
}
