from mistralai.client import Mistral
from mistralai.client.utils import BackoffStrategy, RetryConfig

from emulator import BASE, DOCUMENTS, KEY, QUESTION, case, cosine, finds, finish

mistral = Mistral(api_key=KEY, server_url=BASE)


def embed(inputs, client=mistral, model="mistral-embed", **more):
    return client.embeddings.create(model=model, inputs=inputs, **more)


def single():
    r = embed("hello world")
    return {"dimensions": len(r.data[0].embedding), "tokens": r.usage.total_tokens, "index": r.data[0].index}


def batch():
    rows = [d.embedding for d in embed(DOCUMENTS).data]
    alone = embed(DOCUMENTS[2:]).data[0].embedding
    question = embed([QUESTION]).data[0].embedding
    return {"rows": len(rows), "same": cosine(rows[2], alone) > 0.9999, "finds": finds(question, rows)}


backoff = RetryConfig("backoff", BackoffStrategy(100, 500, 1.5, 3000), False)

case("single", single)
case("batch", batch)
case("dimensions", lambda: len(embed(["a"], model="codestral-embed", output_dimension=256).data[0].embedding))
case("bad dimensions", lambda: embed(["a"], output_dimension=256))
case("bad type", lambda: embed(["a"], output_dtype="int8"))
case("too many tokens", lambda: embed(["word " * 900] * 20))
case("too long", lambda: embed(["word " * 9000]))
case("unknown model", lambda: embed(["a"], model="mistral-embed-9"))
case("wrong key", lambda: embed(["a"], client=Mistral(api_key="another", server_url=BASE)))
case("empty", lambda: embed([]))
case("once", lambda: len(embed(["a"], retries=backoff).data), ["request-rate=next:1,retry_after:1s"])
case("always", lambda: embed(["a"]), ["request-rate=retry_after:1s"])
case("down", lambda: embed(["a"]), ["internal-error=next:1"])
finish()
