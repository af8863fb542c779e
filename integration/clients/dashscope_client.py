import dashscope

from emulator import BASE, DOCUMENTS, KEY, QUESTION, case, cosine, finds, finish

dashscope.base_http_api_url = BASE + "/api/v1"


class Refused(Exception):
    """The client raises nothing: it returns status, code and message."""

    def __init__(self, answer):
        super().__init__(answer.message)
        self.status_code, self.code, self.request_id = answer.status_code, answer.code, answer.request_id


def embed(texts, key=KEY, model="text-embedding-v4", **more):
    answer = dashscope.TextEmbedding.call(model=model, input=texts, api_key=key, **more)
    if answer.status_code != 200:
        raise Refused(answer)
    return answer


def vectors(texts, **more):
    return [e["embedding"] for e in embed(texts, **more).output["embeddings"]]


def single():
    r = embed("hello world")
    return {"dimensions": len(r.output["embeddings"][0]["embedding"]), "tokens": r.usage["total_tokens"], "index": r.output["embeddings"][0]["text_index"]}


def batch():
    rows = vectors(DOCUMENTS, text_type="document")
    return {"rows": len(rows), "same": cosine(rows[2], vectors(DOCUMENTS[2:])[0]) > 0.9999, "finds": finds(vectors([QUESTION], text_type="query")[0], rows)}


case("single", single)
case("batch", batch)
case("dimensions", lambda: len(vectors(["a"], dimension=64, output_type="dense")[0]))
case("bad dimensions", lambda: embed(["a"], dimension=100))
case("too many", lambda: embed([f"text {i}" for i in range(11)]))
case("too long", lambda: embed(["word " * 9000]))
case("unknown model", lambda: embed(["a"], model="text-embedding-v9"))
case("wrong key", lambda: embed(["a"], key="another"))
case("empty", lambda: embed([]))
case("empty text", lambda: embed(["a", ""]))
case("always", lambda: embed(["a"]), ["request-rate=retry_after:1s"])
case("down", lambda: embed(["a"]), ["internal-error=next:1"])
finish()
