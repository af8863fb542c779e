"""Embeds a JSONL file with Daft, through "vecspace serve".

    vecspace serve &
    pip install daft openai
    python embed.py docs.jsonl vectors

Daft hands the function whole batches. Cache, limits and retries are in the server.
"""

import os
import sys

import daft
from daft import DataType, Series
from openai import OpenAI

BASE_URL = os.environ.get("VECSPACE_URL", "http://127.0.0.1:8080/v1")
MODEL = os.environ.get("VECSPACE_MODEL", "static:base")


@daft.cls
class Embed:
    def __init__(self):
        self.client = OpenAI(base_url=BASE_URL, api_key=os.environ.get("VECSPACE_KEY", "none"))

    @daft.method.batch(return_dtype=DataType.list(DataType.float32()), batch_size=256)
    def __call__(self, text: Series):
        answer = self.client.embeddings.create(model=MODEL, input=text.to_pylist())
        return [row.embedding for row in answer.data]


def main(source, target):
    docs = daft.read_json(source)
    docs.with_column("vector", Embed()(docs["text"])).write_parquet(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
