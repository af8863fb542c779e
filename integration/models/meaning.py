# Embeds the texts on standard input, a JSON list, with OpenAI's client as its users write it: python meaning.py URL MODEL
import json
import sys

from openai import OpenAI

client = OpenAI(base_url=sys.argv[1], api_key="none")
texts = json.load(sys.stdin)
vectors = []
for at in range(0, len(texts), 50):
    answer = client.embeddings.create(model=sys.argv[2], input=texts[at:at + 50])
    vectors += [item.embedding for item in answer.data]
json.dump(vectors, sys.stdout)
