"""Embeds a JSONL file with Ray, through "vecspace serve".

    vecspace serve &
    pip install "ray[data]" openai
    python embed.py docs.jsonl vectors

Ray spreads the batches over its workers. Cache, limits and retries are in the server, so that all
workers together stay inside of one quota.
"""

import os
import sys

import ray
from openai import OpenAI

BASE_URL = os.environ.get("VECSPACE_URL", "http://127.0.0.1:8080/v1")
MODEL = os.environ.get("VECSPACE_MODEL", "static:base")


class Embed:
    def __init__(self):
        self.client = OpenAI(base_url=BASE_URL, api_key=os.environ.get("VECSPACE_KEY", "none"))

    def __call__(self, batch):
        answer = self.client.embeddings.create(model=MODEL, input=[str(t) for t in batch["text"]])
        batch["vector"] = [row.embedding for row in answer.data]
        return batch


def main(source, target):
    docs = ray.data.read_json(source, lines=True)
    docs.map_batches(Embed, batch_size=256, concurrency=2, num_cpus=0.1).write_parquet(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
