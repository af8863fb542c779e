"""OpenAI's client, which the vendors and servers of its wire document as theirs, at each of them: NAME URL PATH MODEL ..."""

import sys

import openai

import emulator
from emulator import DOCUMENTS, KEY, QUESTION, cosine, finds, finish


def cases(name, url, path, model):
    emulator.BASE = url  # whose control path is asked
    client = openai.OpenAI(api_key=KEY, base_url=url + path)

    def embed(texts, client=client, model=model, **more):
        return client.embeddings.create(model=model, input=texts, **more)  # base64 is the client's default

    def single():
        r = embed("hello world", encoding_format="float")
        tokens = {"tokens": r.usage.total_tokens} if r.usage and r.usage.total_tokens else {}
        return {"dimensions": len(r.data[0].embedding), "index": r.data[0].index, **tokens}

    def batch():
        rows = [d.embedding for d in embed(DOCUMENTS).data]
        alone = embed(DOCUMENTS[2:]).data[0].embedding
        question = embed([QUESTION]).data[0].embedding
        return {"rows": len(rows), "same": cosine(rows[2], alone) > 0.9999, "finds": finds(question, rows)}

    def case(what, run, faults=()):
        emulator.case(name + ": " + what, run, faults)

    case("single", single)
    case("batch", batch)
    case("unknown model", lambda: len(embed(["a"], model="acme-9").data))
    case("wrong key", lambda: embed(["a"], client=openai.OpenAI(api_key="another-key-0123456789", base_url=url + path)))
    case("empty", lambda: embed([]))
    case("dimensions", lambda: len(embed(["a"], dimensions=7).data[0].embedding))
    case("too long", lambda: len(embed(["word " * 40_000]).data))
    case("too fast", lambda: embed(["a"], client=client.with_options(max_retries=0)), ["request-rate"])
    case("down", lambda: len(embed(["a"]).data), ["internal-error=next:1"])


args = sys.argv[3:]
for i in range(0, len(args), 4):
    cases(*args[i : i + 4])
finish()
