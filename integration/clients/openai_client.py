import openai

from emulator import BASE, DOCUMENTS, KEY, QUESTION, case, cosine, finds, finish

client = openai.OpenAI(api_key=KEY, base_url=BASE + "/v1")


def embed(texts, client=client, model="text-embedding-3-small", **more):
    return client.embeddings.create(model=model, input=texts, **more)  # base64 is the client's default


def single():
    r = embed("hello world")
    return {"dimensions": len(r.data[0].embedding), "tokens": r.usage.total_tokens, "index": r.data[0].index}


def batch():
    rows = [d.embedding for d in embed(DOCUMENTS).data]
    alone = embed(DOCUMENTS[2:]).data[0].embedding
    question = embed([QUESTION]).data[0].embedding
    return {"rows": len(rows), "same": cosine(rows[2], alone) > 0.9999, "finds": finds(question, rows)}


def formats():
    decoded, numbers = embed("bread").data[0].embedding, embed("bread", encoding_format="float").data[0].embedding
    return {"same": cosine(decoded, numbers) > 0.9999, "numbers": len(numbers)}


def ids():
    r = embed([[15339, 1917], [65]])
    return {"rows": len(r.data), "tokens": r.usage.total_tokens}


case("single", single)
case("batch", batch)
case("formats", formats)
case("token ids", ids)
case("dimensions", lambda: len(embed(["a"], dimensions=256).data[0].embedding))
case("bad dimensions", lambda: embed(["a"], dimensions=4096))
case("fixed dimensions", lambda: embed(["a"], model="text-embedding-ada-002", dimensions=256))
case("most texts", lambda: len(embed([f"text {i}" for i in range(2048)], dimensions=64).data))
case("too many", lambda: embed([f"text {i}" for i in range(2049)]))
case("too many tokens", lambda: embed(["word " * 1000] * 400))
case("too long", lambda: embed(["word " * 9000]))
case("unknown model", lambda: embed(["a"], model="text-embedding-9"))
case("wrong key", lambda: embed(["a"], client=openai.OpenAI(api_key="another-key-0123456789", base_url=BASE + "/v1")))
case("empty", lambda: embed([]))
case("empty text", lambda: embed(["a", ""]))
case("once", lambda: len(embed(["a"]).data), ["request-rate=next:1,retry_after:1s"])
case("always", lambda: embed(["a"]), ["request-rate=retry_after:1s"])
case("no money", lambda: embed(["a"]), ["exhausted"])
case("down", lambda: len(embed(["a"]).data), ["internal-error=next:1"])
case("models", lambda: sorted(m.id for m in client.models.list()))
finish()
