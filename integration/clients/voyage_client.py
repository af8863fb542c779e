import voyageai

from emulator import BASE, DOCUMENTS, KEY, QUESTION, case, cosine, finds, finish

vo = voyageai.Client(api_key=KEY, base_url=BASE + "/v1")


def embed(texts, input_type=None, client=vo, model="voyage-4", **more):
    return client.embed(texts, model=model, input_type=input_type, **more)


def single():
    r = embed(["hello world"])
    return {"dimensions": len(r.embeddings[0]), "tokens": r.total_tokens}


def batch():
    rows = embed(DOCUMENTS, "document").embeddings
    alone = embed(DOCUMENTS[2:], "document").embeddings[0]
    question = embed([QUESTION], "query", model="voyage-4-lite").embeddings[0]  # of the same space
    return {"rows": len(rows), "same": cosine(rows[2], alone) > 0.9999, "finds": finds(question, rows)}


def roles():
    document, query = embed(["bread"], "document").embeddings[0], embed(["bread"], "query").embeddings[0]
    return {"near": cosine(document, query) > 0.95, "equal": document == query}


case("single", single)
case("batch", batch)
case("dimensions", lambda: len(embed(["a"], output_dimension=256).embeddings[0]))
case("bad dimensions", lambda: embed(["a"], output_dimension=100))
case("roles", roles)
case("too many", lambda: embed([f"text {i}" for i in range(1001)]))
case("too many tokens", lambda: embed(["word " * 900] * 200, model="voyage-4-large"))
case("too long", lambda: embed(["word " * 33000], truncation=False))
case("cut", lambda: embed(["word " * 33000]).total_tokens)
case("unknown model", lambda: embed(["a"], model="voyage-9"))
case("wrong key", lambda: embed(["a"], client=voyageai.Client(api_key="another", base_url=BASE + "/v1")))
case("empty", lambda: embed([]))
patient = voyageai.Client(api_key=KEY, base_url=BASE + "/v1", max_retries=3)
case("once", lambda: len(embed(["a"], client=patient).embeddings), ["request-rate=next:1,retry_after:1s"])
case("always", lambda: embed(["a"]), ["request-rate=retry_after:1s"])
case("down", lambda: embed(["a"]), ["internal-error=next:1"])
finish()
