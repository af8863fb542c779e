"""Texts a CPU second of Python's onnxruntime on one thread: python transformer.py MODEL.ONNX TOKENIZER.JSON <workload.json

The standard input has the texts as transformer.go writes them. Texts run as sentence-transformers runs them: by length,
32 a batch, padded to the longest; mean pooling, unit vectors.
"""
import json
import sys
import time

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

workload = json.load(sys.stdin)
begin = time.process_time()
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
tokenizer = Tokenizer.from_file(sys.argv[2])
tokenizer.no_padding()
tokenizer.enable_truncation(256)
names = [i.name for i in session.get_inputs()]


def embed(texts: list[str]) -> float:
    """-> texts a CPU second"""
    begin = time.process_time()
    rows = [e.ids for e in tokenizer.encode_batch(texts)]
    order = sorted(range(len(rows)), key=lambda i: -len(rows[i]))
    out = None
    for at in range(0, len(order), 32):
        batch = order[at:at + 32]
        ids = np.zeros((len(batch), len(rows[batch[0]])), np.int64)
        mask = np.zeros_like(ids)
        for r, i in enumerate(batch):
            ids[r, :len(rows[i])] = rows[i]
            mask[r, :len(rows[i])] = 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = session.run(None, {n: inputs[n] for n in names})[0]
        vectors = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        if out is None:
            out = np.zeros((len(texts), vectors.shape[1]), np.float32)
        out[batch] = vectors
    return len(texts) / (time.process_time() - begin)


embed(workload["Sentences"][:1])
result = {"Load": time.process_time() - begin}
result["Sentences"] = embed(workload["Sentences"])
result["Passages"] = embed(workload["Passages"])
with open("/proc/self/status") as f:
    result["Peak"] = 1024 * next(int(line.split()[1]) for line in f if line.startswith("VmHWM:"))
print(json.dumps(result))
