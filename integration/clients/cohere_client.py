import cohere

from emulator import BASE, DOCUMENTS, KEY, QUESTION, case, cosine, finds, finish

co = cohere.ClientV2(KEY, base_url=BASE)


def embed(texts, input_type="search_document", client=co, **more):
    return client.embed(model=more.pop("model", "embed-v4.0"), texts=texts, input_type=input_type, **({"embedding_types": ["float"]} | more))


def single():
    r = embed(["hello world"])
    return {"dimensions": len(r.embeddings.float_[0]), "texts": r.texts, "tokens": r.meta.billed_units.input_tokens}


def batch():
    rows = embed(DOCUMENTS).embeddings.float_
    alone = embed(DOCUMENTS[2:]).embeddings.float_[0]
    question = embed([QUESTION], "search_query").embeddings.float_[0]
    return {"rows": len(rows), "same": cosine(rows[2], alone) > 0.9999, "finds": finds(question, rows)}


def roles():
    document, query = embed(["bread"]).embeddings.float_[0], embed(["bread"], "search_query").embeddings.float_[0]
    return {"near": cosine(document, query) > 0.95, "equal": document == query}


case("single", single)
case("batch", batch)
case("dimensions", lambda: len(embed(["a"], output_dimension=256).embeddings.float_[0]))
case("bad dimensions", lambda: embed(["a"], output_dimension=100))
case("roles", roles)
case("base64", lambda: len(embed(["a"], embedding_types=["base64"]).embeddings.base64[0]))
case("too many", lambda: len(embed([f"text {i}" for i in range(97)]).embeddings.float_))
case("too long", lambda: embed(["word " * 700], model="embed-english-v3.0", truncate="NONE"))
case("cut", lambda: embed(["word " * 700], model="embed-english-v3.0").meta.billed_units.input_tokens)
case("unknown model", lambda: embed(["a"], model="embed-v9"))
case("wrong key", lambda: embed(["a"], client=cohere.ClientV2("another", base_url=BASE)))
case("empty", lambda: embed([]))
case("once", lambda: len(embed(["a"]).embeddings.float_), ["request-rate=next:1,retry_after:1s"])
case("always", lambda: embed(["a"]), ["request-rate=retry_after:1s"])
case("down", lambda: len(embed(["a"]).embeddings.float_), ["internal-error=next:1"])
finish()
