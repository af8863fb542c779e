// OpenAI's client for JavaScript, langchain's and the AI SDK, unmodified, of "vecspace serve". Each has
// a base URL of its own, BASE/NAME, by which the test knows it.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [BASE, KEY] = process.argv.slice(2);
// The packages are not beside this file: NODE_PACKAGES says where.
const require = createRequire(pathToFileURL(process.env.NODE_PACKAGES + "/"));
const { default: OpenAI } = require("openai");
const { OpenAIEmbeddings } = require("@langchain/openai");
const { createOpenAI } = require("@ai-sdk/openai");
const { embedMany } = require("ai");

const results = {};
const model = "text-embedding-3-small";
const texts = (n) => Array.from({ length: n }, (_, i) => `text ${i}`);

async function check(name, run) {
  const start = Date.now();
  const result = {};
  try {
    result.value = await run();
  } catch (e) {
    const last = e.lastError ?? e; // of the AI SDK, once it has tried again
    Object.assign(result, { raised: [last.constructor.name], said: last.message, status_code: last.status ?? last.statusCode, code: last.code ?? last.data?.error?.code });
  }
  result.seconds = (Date.now() - start) / 1000;
  results[name] = result;
}

// How many different rows there are, of unit length.
const apart = (rows) => new Set(rows.filter((v) => Math.abs(Math.hypot(...v) - 1) < 1e-5).map(String)).size;

// Whether the rows have every bit of vectors that were asked for in numbers, without a client.
async function bits(rows) {
  const body = JSON.stringify({ model, input: texts(50), encoding_format: "float" });
  const res = await fetch(BASE + "/plain/v1/embeddings", { method: "POST", body, headers: { Authorization: "Bearer " + KEY } });
  const plain = (await res.json()).data.map((d) => d.embedding);
  return rows.length === 50 && rows.every((v, i) => v.length === plain[i].length && v.every((x, k) => Math.fround(x) === Math.fround(plain[i][k])));
}

async function all(client, embed) {
  await check(client + " 1", async () => apart(await embed(["one"])));
  await check(client + " 1000", async () => apart(await embed(texts(1000))));
  await check(client + " 2048", async () => apart(await embed(texts(2048))));
  await check(client + " dimensions", async () => (await embed(["a"], { dimensions: 64 }))[0].length);
  await check(client + " bits", async () => bits(await embed(texts(50))));
  await check(client + " 401", () => embed(["a"], { key: "wrong" }));
  await check(client + " 429", async () => (await embed([client], { model: "limited" })).length);
  await check(client + " bad text", () => embed(["a", "BAD", "b"]));
}

await all("node-openai", async (input, { key = KEY, ...more } = {}) => {
  const client = new OpenAI({ apiKey: key, baseURL: BASE + "/node-openai/v1" });
  return (await client.embeddings.create({ model, input, ...more })).data.map((d) => d.embedding);
});
await all("node-langchain", (input, { key = KEY, ...more } = {}) =>
  new OpenAIEmbeddings({ model, apiKey: key, configuration: { baseURL: BASE + "/node-langchain/v1" }, ...more }).embedDocuments(input));
await all("node-ai", async (values, { key = KEY, dimensions, ...more } = {}) => {
  const provider = createOpenAI({ baseURL: BASE + "/node-ai/v1", apiKey: key });
  const providerOptions = dimensions ? { openai: { dimensions } } : {};
  return (await embedMany({ model: provider.embedding(more.model ?? model), values, providerOptions })).embeddings;
});
console.log(JSON.stringify(results));
