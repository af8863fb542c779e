package servers

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strings"
)

// tinyBERT returns a GGUF file of a BERT of two layers with fixed random weights. llama.cpp loads
// it at once, and its vectors mean nothing.
func tinyBERT() []byte {
	const layers, hidden, window = 2, 128, 512
	const d = LlamaDimensions
	tokens := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
	kinds := []any{int32(3), int32(3), int32(3), int32(3), int32(3)} // control tokens
	const begin = "\u2581"                                           // marks the beginning of a word
	symbols := strings.Split("abcdefghijklmnopqrstuvwxyz0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "")
	for _, s := range symbols {
		tokens = append(tokens, begin+s)
	}
	tokens = append(tokens, symbols...)
	for _, w := range strings.Fields("the document number hello world query search of and") {
		tokens = append(tokens, begin+w)
	}
	for len(kinds) < len(tokens) {
		kinds = append(kinds, int32(1)) // ordinary tokens
	}

	g := gguf{random: rand.New(rand.NewPCG(7, 7))}
	g.set("general.architecture", "bert")
	g.set("general.name", "tiny-random-bert")
	g.set("general.file_type", uint32(0)) // float32
	g.set("bert.block_count", uint32(layers))
	g.set("bert.context_length", uint32(window))
	g.set("bert.embedding_length", uint32(d))
	g.set("bert.feed_forward_length", uint32(hidden))
	g.set("bert.attention.head_count", uint32(4))
	g.set("bert.attention.layer_norm_epsilon", float32(1e-12))
	g.set("bert.attention.causal", false)
	g.set("bert.pooling_type", uint32(1)) // mean
	g.set("tokenizer.ggml.model", "bert")
	g.set("tokenizer.ggml.pre", "default")
	g.set("tokenizer.ggml.token_type_count", uint32(2))
	texts, scores := make([]any, len(tokens)), make([]any, len(tokens))
	for i, s := range tokens {
		texts[i], scores[i] = s, float32(0)
	}
	g.set("tokenizer.ggml.tokens", texts)
	g.set("tokenizer.ggml.scores", scores)
	g.set("tokenizer.ggml.token_type", kinds)
	for i, name := range []string{"padding", "unknown", "cls", "seperator", "mask"} { //nolint:misspell // llama.cpp spells it so
		g.set("tokenizer.ggml."+name+"_token_id", uint32(i))
	}
	g.set("tokenizer.ggml.bos_token_id", uint32(2))
	g.set("tokenizer.ggml.eos_token_id", uint32(3))

	norm := func(name string) {
		g.constant(name+".weight", d, 1)
		g.constant(name+".bias", d, 0)
	}
	matrix := func(name string, in, out int) {
		g.noise(name+".weight", in, out)
		g.constant(name+".bias", out, 0)
	}
	g.noise("token_embd.weight", d, len(tokens))
	g.noise("token_types.weight", d, 2)
	g.noise("position_embd.weight", d, window)
	norm("token_embd_norm")
	for i := range layers {
		block := "blk." + string(rune('0'+i)) + "."
		for _, name := range []string{"attn_q", "attn_k", "attn_v", "attn_output"} {
			matrix(block+name, d, d)
		}
		norm(block + "attn_output_norm")
		norm(block + "layer_output_norm")
		matrix(block+"ffn_up", d, hidden)
		matrix(block+"ffn_down", hidden, d)
	}
	return g.bytes()
}

// gguf builds a file of the format in github.com/ggml-org/ggml/blob/master/docs/gguf.md, version 3.
type gguf struct {
	random         *rand.Rand
	pairs, tensors int
	head, index    []byte // the pairs; the tensors' names, shapes and offsets
	data           []byte
}

func ggufString(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}

// set adds a pair; the elements of a list are all of one type.
func (g *gguf) set(key string, value any) {
	g.pairs++
	g.head = ggufString(g.head, key)
	list, ok := value.([]any)
	if !ok {
		g.head = binary.LittleEndian.AppendUint32(g.head, ggufType(value))
		g.head = ggufValue(g.head, value)
		return
	}
	g.head = binary.LittleEndian.AppendUint32(g.head, 9) // array
	g.head = binary.LittleEndian.AppendUint32(g.head, ggufType(list[0]))
	g.head = binary.LittleEndian.AppendUint64(g.head, uint64(len(list)))
	for _, v := range list {
		g.head = ggufValue(g.head, v)
	}
}

func ggufType(v any) uint32 {
	switch v.(type) {
	case uint32:
		return 4
	case int32:
		return 5
	case float32:
		return 6
	case bool:
		return 7
	}
	return 8 // string
}

func ggufValue(b []byte, v any) []byte {
	if s, ok := v.(string); ok {
		return ggufString(b, s)
	}
	b, err := binary.Append(b, binary.LittleEndian, v)
	if err != nil {
		panic(err) // of a type that set is never given
	}
	return b
}

func (g *gguf) constant(name string, n int, value float32) {
	g.tensor(name, []int{n}, func() float32 { return value })
}

func (g *gguf) noise(name string, in, out int) {
	g.tensor(name, []int{in, out}, func() float32 { return float32(g.random.NormFloat64() * 0.2) })
}

func (g *gguf) tensor(name string, shape []int, next func() float32) {
	g.tensors++
	g.index = ggufString(g.index, name)
	g.index = binary.LittleEndian.AppendUint32(g.index, uint32(len(shape)))
	n := 1
	for _, size := range shape {
		g.index = binary.LittleEndian.AppendUint64(g.index, uint64(size))
		n *= size
	}
	g.index = binary.LittleEndian.AppendUint32(g.index, 0) // float32
	g.index = binary.LittleEndian.AppendUint64(g.index, uint64(len(g.data)))
	for range n {
		g.data = binary.LittleEndian.AppendUint32(g.data, math.Float32bits(next()))
	}
	g.data = aligned(g.data)
}

// aligned fills up with zeros to the file's alignment.
func aligned(b []byte) []byte {
	const alignment = 32
	return append(b, make([]byte, (alignment-len(b)%alignment)%alignment)...)
}

func (g *gguf) bytes() []byte {
	b := binary.LittleEndian.AppendUint32([]byte("GGUF"), 3)
	b = binary.LittleEndian.AppendUint64(b, uint64(g.tensors))
	b = binary.LittleEndian.AppendUint64(b, uint64(g.pairs))
	b = append(append(b, g.head...), g.index...)
	return append(aligned(b), g.data...)
}
