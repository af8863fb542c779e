import sys, time
import xllamacpp

p = xllamacpp.CommonParams()
p.model.path = sys.argv[1]
p.hostnames = ["127.0.0.1"]
p.port = int(sys.argv[2])
p.api_keys = sys.argv[3:]
p.embedding = True
p.warmup = False
p.n_ctx, p.n_batch, p.n_ubatch, p.n_parallel = 2048, 512, 512, 4
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(p)
print(server.listening_address, flush=True)
while True:
    time.sleep(3600)
