"""Clients, unmodified, of "vecspace serve": each sends what programs send, and reports a value or its own exception."""

import json
import math
import os
import sys
import time

BASE, KEY = sys.argv[1], sys.argv[2]
MODEL, SLOW = "text-embedding-3-small", "limited"
results = {}


def case(name, run):
    start = time.monotonic()
    try:
        result = {"value": run()}
    except Exception as e:
        result = {"raised": [c.__module__ + "." + c.__name__ for c in type(e).__mro__ if c not in (Exception, BaseException, object)], "said": str(e)}
        for attribute in ("status_code", "http_status", "code"):
            value = getattr(e, attribute, None)
            if isinstance(value, (int, str)):
                result[attribute] = value
    result["seconds"] = time.monotonic() - start
    results[name] = result


def texts(n):
    return [f"text {i}" for i in range(n)]


def unit(v):
    return abs(math.sqrt(sum(x * x for x in v)) - 1) < 1e-5


def apart(rows):
    """How many different rows there are, of unit length."""
    return len({tuple(r) for r in rows if unit(r)})


def common(client, embed, other_key, limited=None):
    """The cases of every client. embed takes a list of texts, and dimensions or None."""
    case(client + " 1", lambda: apart(embed(["one"])))
    case(client + " 1000", lambda: apart(embed(texts(1000))))
    case(client + " 2048", lambda: apart(embed(texts(2048))))
    case(client + " bad text", lambda: embed(["a", "BAD", "b"]))
    case(client + " wrong key", other_key)
    if limited:
        case(client + " limited", limited)


def openai_client():
    import openai
    client = openai.OpenAI(api_key=KEY, base_url=BASE + "/v1")

    def embed(of, client=client, **more):
        return [d.embedding for d in client.embeddings.create(model=MODEL, input=of, **more).data]

    common("openai", embed, lambda: embed(["a"], client=openai.OpenAI(api_key="wrong", base_url=BASE + "/v1")),
           lambda: len(client.embeddings.create(model=SLOW, input=["openai"]).data))
    case("openai dimensions", lambda: len(embed(["a"], dimensions=64)[0]))
    case("openai bad dimensions", lambda: embed(["a"], dimensions=100))
    case("openai bits", lambda: embed(texts(50)) == [single(v) for v in embed(texts(50), encoding_format="float")])
    case("openai token ids", lambda: embed([[1, 2], [3]]))
    case("openai no texts", lambda: embed([]))
    case("openai models", lambda: sorted(m.id for m in client.models.list()))


def single(v):
    """The numbers as float32 has them."""
    import struct
    return list(struct.unpack(f"{len(v)}f", struct.pack(f"{len(v)}f", *v)))


def cohere_client():
    import cohere

    def embed(of, key=KEY, base=BASE, kind="float", **more):
        r = cohere.ClientV2(api_key=key, base_url=base).embed(model=MODEL, texts=of, input_type="search_document", embedding_types=[kind], **more)
        return getattr(r.embeddings, kind if kind != "float" else "float_")

    common("cohere", embed, lambda: embed(["a"], key="wrong"))
    case("cohere below its name", lambda: apart(embed(texts(3), base=BASE + "/cohere")))
    case("cohere dimensions", lambda: len(embed(["a"], output_dimension=64)[0]))
    case("cohere int8", lambda: max(abs(127 * f - i) for f, i in zip(embed(["a"])[0], embed(["a"], kind="int8")[0])) <= 0.5001)
    case("cohere ubinary", lambda: [f > 0 for f in embed(["a"])[0]] == [bool(b >> (7 - k) & 1) for b in embed(["a"], kind="ubinary")[0] for k in range(8)])


def voyage_client():
    import voyageai

    def embed(of, key=KEY, **more):
        return voyageai.Client(api_key=key, base_url=BASE + "/voyage/v1").embed(of, model=MODEL, input_type="document", **more).embeddings

    common("voyage", embed, lambda: embed(["a"], key="wrong"))
    case("voyage dimensions", lambda: len(embed(["a"], output_dimension=64)[0]))


def dashscope_client():
    import dashscope
    dashscope.base_http_api_url = BASE + "/api/v1"

    class Refused(Exception):
        pass

    def embed(of, key=KEY, **more):
        r = dashscope.TextEmbedding.call(model=MODEL, input=of, api_key=key, text_type="document", **more)
        if r.status_code != 200:
            e = Refused(r.message)
            e.status_code, e.code = int(r.status_code), r.code
            raise e
        return [row["embedding"] for row in sorted(r.output["embeddings"], key=lambda row: row["text_index"])]

    common("dashscope", embed, lambda: embed(["a"], key="wrong"))
    case("dashscope dimensions", lambda: len(embed(["a"], dimension=64)[0]))


def langchain_client():
    from langchain_openai import OpenAIEmbeddings
    import llama_index.core
    os.environ["TIKTOKEN_CACHE_DIR"] = os.path.join(os.path.dirname(llama_index.core.__file__), "_static/tiktoken_cache")

    def embed(of, key=KEY, model=MODEL, **more):
        more = {"check_embedding_ctx_length": False} | more
        return OpenAIEmbeddings(model=model, base_url=BASE + "/v1", api_key=key, **more).embed_documents(of)

    common("langchain", embed, lambda: embed(["a"], key="wrong"), lambda: len(embed(["langchain"], model=SLOW)))
    case("langchain dimensions", lambda: len(embed(["a"], dimensions=64)[0]))
    case("langchain token ids", lambda: embed(["a"], check_embedding_ctx_length=True))


def llamaindex_client():
    from llama_index.embeddings.openai import OpenAIEmbedding
    from llama_index.embeddings.text_embeddings_inference import TextEmbeddingsInference

    def embed(of, key=KEY, **more):
        return OpenAIEmbedding(model_name=MODEL, api_base=BASE + "/v1", api_key=key, max_retries=0, **more).get_text_embedding_batch(of)

    common("llama-index", embed, lambda: embed(["a"], key="wrong"))
    case("llama-index dimensions", lambda: len(embed(["a"], dimensions=64)[0]))

    def tei(of, key=KEY):
        return TextEmbeddingsInference(model_name=MODEL, base_url=BASE, auth_token="Bearer " + key).get_text_embedding_batch(of)

    common("llama-index tei", tei, lambda: tei(["a"], key="wrong"))


def ollama_client():
    import ollama

    def embed(of, key=KEY, **more):
        return [list(v) for v in ollama.Client(host=BASE, headers={"Authorization": "Bearer " + key}).embed(model=MODEL, input=of, **more).embeddings]

    common("ollama", embed, lambda: embed(["a"], key="wrong"))
    case("ollama dimensions", lambda: len(embed(["a"], dimensions=64)[0]))
    case("ollama empty text", lambda: embed([""]))
    case("ollama models", lambda: sorted(m.model for m in ollama.Client(host=BASE, headers={"Authorization": "Bearer " + KEY}).list().models))


def gemini_client():
    from google import genai

    def embed(of, key=KEY, **config):
        client = genai.Client(api_key=key, http_options={"base_url": BASE})
        return [e.values for e in client.models.embed_content(model=MODEL, contents=of, config=config).embeddings]

    common("gemini", embed, lambda: embed(["a"], key="wrong"))
    case("gemini dimensions", lambda: len(embed(["a"], output_dimensionality=64)[0]))
    case("gemini query", lambda: apart(embed(["a"], task_type="RETRIEVAL_QUERY")))


for name in sys.argv[3:]:
    globals()[name + "_client"]()
json.dump(results, sys.stdout)
