"""Clients, unmodified, of "vecspace serve": each sends what programs send, and reports a value or its own exception.

Each client has a base URL of its own, BASE/NAME, by which the test knows it. Its function returns embed(texts, key,
model, dimensions), and check runs the cases that all clients share."""

import base64
import json
import math
import os
import struct
import sys
import time
import urllib.request

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
        headers = getattr(e, "headers", None) or getattr(getattr(e, "response", None), "headers", None) or {}
        result["retry_after"] = {k.lower(): v for k, v in headers.items()}.get("retry-after", "")
    result["seconds"] = time.monotonic() - start
    results[name] = result


def texts(n):
    return [f"text {i}" for i in range(n)]


def apart(rows):
    """How many different rows there are, of unit length."""
    return len({tuple(r) for r in rows if abs(math.sqrt(sum(x * x for x in r)) - 1) < 1e-5})


def bits(rows):
    """The rows as float32, whatever numbers the client makes of them."""
    return [struct.pack(f"<{len(r)}f", *r) for r in rows]


def unpacked(encoded):
    raw = base64.b64decode(encoded)
    return struct.unpack(f"<{len(raw) // 4}f", raw)


def plain(of):
    """The bits of vectors that were asked for in numbers, without a client."""
    body = json.dumps({"model": MODEL, "input": of, "encoding_format": "float"}).encode()
    request = urllib.request.Request(BASE + "/plain/v1/embeddings", data=body, headers={"Authorization": "Bearer " + KEY})
    with urllib.request.urlopen(request) as answer:
        return bits(d["embedding"] for d in json.load(answer)["data"])


def check(client, embed):
    """The cases of every client."""
    case(client + " 1", lambda: apart(embed(["one"])))
    case(client + " 1000", lambda: apart(embed(texts(1000))))
    case(client + " 2048", lambda: apart(embed(texts(2048))))
    case(client + " dimensions", lambda: len(embed(["a"], dimensions=64)[0]))
    case(client + " bits", lambda: bits(embed(texts(50))) == plain(texts(50)))
    case(client + " 401", lambda: embed(["a"], key="wrong"))
    case(client + " 429", lambda: len(embed([client], model=SLOW)))
    case(client + " bad text", lambda: embed(["a", "BAD", "b"]))


def given(**options):
    """The options that are given: clients send a null that they are handed."""
    return {k: v for k, v in options.items() if v is not None}


def openai_client(name="openai"):
    import openai

    def embed(of, key=KEY, model=MODEL, dimensions=None, **more):
        client = openai.OpenAI(api_key=key, base_url=BASE + "/" + name + "/v1")
        return [d.embedding for d in client.embeddings.create(model=model, input=of, **given(dimensions=dimensions), **more).data]

    check(name, embed)  # base64 is the client's default
    case(name + " bad dimensions", lambda: embed(["a"], dimensions=5000))
    case(name + " token ids", lambda: len(embed([[1, 2], [3]])))
    case(name + " no texts", lambda: embed([]))
    case(name + " models", lambda: sorted(m.id for m in openai.OpenAI(api_key=KEY, base_url=BASE + "/" + name + "/v1").models.list()))


def openai2_client():
    openai_client("openai2")


def litellm_client():
    import litellm
    litellm.suppress_debug_info = True  # which it would print

    def embed(of, key=KEY, model=MODEL, dimensions=None, name="litellm", **more):
        r = litellm.embedding(model="openai/" + model, input=of, api_base=BASE + "/" + name + "/v1", api_key=key,
                              **given(dimensions=dimensions), allowed_openai_params=["dimensions"], **more)
        return [d["embedding"] for d in r.data]

    check("litellm", embed)
    case("litellm base64", lambda: bits(unpacked(v) if isinstance(v, str) else v for v in embed(texts(50), name="told", encoding_format="base64")) == plain(texts(50)))


def cohere_client():
    import cohere

    def embed(of, key=KEY, model=MODEL, dimensions=None, kind="float", base=BASE + "/cohere"):
        r = cohere.ClientV2(api_key=key, base_url=base).embed(
            model=model, texts=of, input_type="search_document", embedding_types=[kind], **given(output_dimension=dimensions))
        return getattr(r.embeddings, kind if kind != "float" else "float_")

    check("cohere", embed)
    case("cohere base64", lambda: bits(map(unpacked, embed(texts(50), kind="base64"))) == plain(texts(50)))
    case("cohere below its name", lambda: apart(embed(texts(3), base=BASE + "/cohere/cohere")))
    case("cohere int8", lambda: max(abs(127 * f - i) for f, i in zip(embed(["a"])[0], embed(["a"], kind="int8")[0])) <= 0.5001)
    case("cohere ubinary", lambda: [f > 0 for f in embed(["a"])[0]] == [bool(b >> (7 - k) & 1) for b in embed(["a"], kind="ubinary")[0] for k in range(8)])


def voyage_client():
    import voyageai

    def embed(of, key=KEY, model=MODEL, dimensions=None):
        client = voyageai.Client(api_key=key, base_url=BASE + "/voyage/voyage/v1")
        return client.embed(of, model=model, input_type="document", **given(output_dimension=dimensions)).embeddings

    check("voyage", embed)  # base64 is the client's default


def dashscope_client():
    import dashscope
    dashscope.base_http_api_url = BASE + "/dashscope/api/v1"

    class Refused(Exception):
        pass

    def embed(of, key=KEY, model=MODEL, dimensions=None):
        r = dashscope.TextEmbedding.call(model=model, input=of, api_key=key, text_type="document", **given(dimension=dimensions))
        if r.status_code != 200:
            e = Refused(r.message)
            e.status_code, e.code = int(r.status_code), r.code
            raise e
        return [row["embedding"] for row in sorted(r.output["embeddings"], key=lambda row: row["text_index"])]

    check("dashscope", embed)


def langchain_client():
    from langchain_openai import OpenAIEmbeddings
    import llama_index.core
    os.environ["TIKTOKEN_CACHE_DIR"] = os.path.join(os.path.dirname(llama_index.core.__file__), "_static/tiktoken_cache")

    def embed(of, key=KEY, model=MODEL, dimensions=None, name="langchain", **more):
        more = {"check_embedding_ctx_length": False} | more
        return OpenAIEmbeddings(model=model, base_url=BASE + "/" + name + "/v1", api_key=key, **given(dimensions=dimensions), **more).embed_documents(of)

    def ids(of, **more):
        return embed(of, name="langchain-ids", check_embedding_ctx_length=True, **more)

    check("langchain", embed)  # base64 is the client's default
    check("langchain-ids", ids)  # so are token ids
    case("langchain-ids undecoded", lambda: ids(["a"], model="undecoded"))


def llamaindex_client():
    from llama_index.embeddings.openai import OpenAIEmbedding
    from llama_index.embeddings.text_embeddings_inference import TextEmbeddingsInference

    def embed(of, key=KEY, model=MODEL, dimensions=None):
        return OpenAIEmbedding(model_name=model, api_base=BASE + "/llama-index/v1", api_key=key, max_retries=1, **given(dimensions=dimensions)).get_text_embedding_batch(of)

    def tei(of, key=KEY, model=MODEL, dimensions=None):
        assert dimensions is None, "neither the client nor the server that it is for has dimensions"
        url = BASE + "/llama-index-tei" + ("" if model == MODEL else "/tei/" + model)
        return TextEmbeddingsInference(model_name=model, base_url=url, auth_token="Bearer " + key).get_text_embedding_batch(of)

    check("llama-index", embed)
    check("llama-index-tei", tei)


def ollama_client():
    import ollama

    def client(key=KEY):
        return ollama.Client(host=BASE + "/ollama", headers={"Authorization": "Bearer " + key})

    def embed(of, key=KEY, model=MODEL, dimensions=None):
        return [list(v) for v in client(key).embed(model=model, input=of, **given(dimensions=dimensions)).embeddings]

    check("ollama", embed)
    case("ollama empty text", lambda: embed([""]))
    case("ollama models", lambda: sorted(m.model for m in client().list().models))


def gemini_client():
    from google import genai

    def embed(of, key=KEY, model=MODEL, dimensions=None, **more):
        client = genai.Client(api_key=key, http_options={"base_url": BASE + "/gemini"})
        return [e.values for e in client.models.embed_content(model=model, contents=of, config=given(output_dimensionality=dimensions, **more)).embeddings]

    check("gemini", embed)
    case("gemini query", lambda: apart(embed(["a"], task_type="RETRIEVAL_QUERY")))


for name in sys.argv[3:]:
    globals()[name + "_client"]()
json.dump(results, sys.stdout)
