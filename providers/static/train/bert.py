"""A BERT encoder with mean pooling as an ONNX graph built from plain weights, the same graph for both teachers."""
import os
import time

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

Weights = dict[str, np.ndarray]


class Graph:
    """The nodes and constants of a graph; each method adds one operation and returns the name of its output."""

    def __init__(self, weights: Weights):
        self.weights, self.nodes, self.constants = weights, [], []

    def const(self, name: str, value: np.ndarray, kind=np.float32) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype=kind), name))
        return name

    def node(self, op: str, inputs: list[str], out: str, **attributes) -> str:
        self.nodes.append(helper.make_node(op, inputs, [out], **attributes))
        return out

    def linear(self, x: str, name: str, out: str) -> str:
        product = self.node("MatMul", [x, self.const(name + ".w", self.weights[name + ".weight"].T)], out + "_")
        return self.node("Add", [product, self.const(name + ".b", self.weights[name + ".bias"])], out)

    def norm(self, x: str, name: str, out: str, eps: float) -> str:
        w, b = self.const(name + ".w", self.weights[name + ".weight"]), self.const(name + ".b", self.weights[name + ".bias"])
        return self.node("LayerNormalization", [x, w, b], out, axis=-1, epsilon=eps)


def session(weights: Weights, layers: int, heads: int, eps: float) -> ort.InferenceSession:
    """Inputs ids, pos, mask [batch, length] int32; output the mean of the last layer over the mask, [batch, width] float32."""
    g = Graph(weights)
    words = weights["embeddings.word_embeddings.weight"]
    g.const("words", words)
    g.const("places", weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0:1])
    x = g.node("Add", [g.node("Gather", ["words", "ids"], "e0"), g.node("Gather", ["places", "pos"], "e1")], "e2")
    x = g.norm(x, "embeddings.LayerNorm", "e3", eps)
    for l in range(layers):
        p = f"encoder.layer.{l}."
        q, k, v = (g.linear(x, p + "attention.self." + n, f"{n}{l}") for n in ("query", "key", "value"))
        a = g.node("MultiHeadAttention", [q, k, v, "", "mask"], f"attention{l}", domain="com.microsoft", num_heads=heads)
        r = g.node("Add", [x, g.linear(a, p + "attention.output.dense", f"attended{l}")], f"r{l}")
        x = g.norm(r, p + "attention.output.LayerNorm", f"x{l}", eps)
        f = g.node("Gelu", [g.linear(x, p + "intermediate.dense", f"f{l}")], f"g{l}")
        s = g.node("Add", [x, g.linear(f, p + "output.dense", f"h{l}")], f"s{l}")
        x = g.norm(s, p + "output.LayerNorm", f"y{l}", eps)
    one, two = g.const("one", np.array([1]), np.int64), g.const("two", np.array([2]), np.int64)
    mask = g.node("Unsqueeze", [g.node("Cast", ["mask"], "m", to=TensorProto.FLOAT), two], "m3")
    total = g.node("ReduceSum", [g.node("Mul", [x, mask], "masked"), one], "total", keepdims=0)
    g.node("Div", [total, g.node("ReduceSum", [mask, one], "count", keepdims=0)], "out")
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT32, ["b", "l"]) for n in ("ids", "pos", "mask")]
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["b", words.shape[1]])
    model = helper.make_model(helper.make_graph(g.nodes, "bert", inputs, [out], g.constants),
                              opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)])
    model.ir_version = 10
    options = ort.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "0"))  # 0: one per core
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def encode(model: ort.InferenceSession, texts: list[list[int]], budget: int = 4096) -> np.ndarray:
    """-> mean-pooled vectors [texts, width] of token ids, encoded shortest first, about `budget` tokens a batch."""
    order = np.argsort([len(t) for t in texts], kind="stable")
    out = np.zeros((len(texts), model.get_outputs()[0].shape[1]), np.float32)
    start = last = time.time()
    i = 0
    while i < len(texts):
        j = i + 1
        while j < len(texts) and len(texts[order[j]]) * (j - i + 1) <= budget:
            j += 1
        length = len(texts[order[j - 1]])
        ids, mask = np.zeros((j - i, length), np.int32), np.zeros((j - i, length), np.int32)
        for r, k in enumerate(order[i:j]):
            ids[r, :len(texts[k])] = texts[k]
            mask[r, :len(texts[k])] = 1
        pos = np.ascontiguousarray(np.broadcast_to(np.arange(length, dtype=np.int32), ids.shape))
        out[order[i:j]] = model.run(None, {"ids": ids, "pos": pos, "mask": mask})[0]
        i = j
        if time.time() - last > 60:
            last = time.time()
            print(f"    {i} of {len(texts)} texts, {last - start:.0f} s", flush=True)
    return out
