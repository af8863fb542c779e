// OpenAI's client for JavaScript, and langchain's on top of it, which decodes base64 without looking whether it is.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [BASE, KEY] = process.argv.slice(2);
// The packages are not beside this file: NODE_PACKAGES says where.
const require = createRequire(pathToFileURL(process.env.NODE_PACKAGES + "/"));
const { default: OpenAI } = require("openai");
const { OpenAIEmbeddings } = require("@langchain/openai");

const results = {};
const control = async (method, path, body) =>
  (await fetch(`${BASE}/_emulator/${path}`, { method, body: body && JSON.stringify(body) })).json();

async function check(name, run, faults = []) {
  await control("PUT", "faults", faults);
  await control("DELETE", "ledger");
  const start = Date.now();
  const result = {};
  try {
    result.value = await run();
  } catch (e) {
    Object.assign(result, { raised: [e.constructor.name], said: e.message, status_code: e.status, code: e.code });
  }
  result.seconds = (Date.now() - start) / 1000;
  const ledger = await control("GET", "ledger");
  Object.assign(result, { attempts: ledger.requests, tokens: ledger.tokens });
  results[name] = result;
}

const cosine = (a, b) => {
  const dot = (x, y) => x.reduce((sum, v, i) => sum + v * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};
const model = "text-embedding-3-small";
const client = new OpenAI({ apiKey: KEY, baseURL: BASE + "/v1" });
const embed = (input, more) => client.embeddings.create({ model, input, ...more });
const langchain = (more) => new OpenAIEmbeddings({ model, apiKey: KEY, configuration: { baseURL: BASE + "/v1" }, ...more });

await check("single", async () => {
  const r = await embed("hello world"); // base64 is the client's default
  return { dimensions: r.data[0].embedding.length, tokens: r.usage.total_tokens, index: r.data[0].index };
});
await check("formats", async () => {
  const decoded = (await embed("bread")).data[0].embedding;
  const numbers = (await embed("bread", { encoding_format: "float" })).data[0].embedding;
  return { same: cosine(decoded, numbers) > 0.9999, numbers: numbers.length };
});
await check("too many", () => embed(Array.from({ length: 2049 }, (_, i) => `text ${i}`)));
await check("wrong key", () => new OpenAI({ apiKey: "another-key-0123456789", baseURL: BASE + "/v1" }).embeddings.create({ model, input: "a" }));
await check("once", async () => (await embed(["a"])).data.length, ["request-rate=next:1,retry_after:1s"]);
await check("always", () => embed(["a"]), ["request-rate=retry_after:1s"]);
await check("langchain", async () => {
  const rows = await langchain().embedDocuments([
    "how to bake bread with yeast and flour",
    "the stock market fell sharply today",
    "a guide to growing tomatoes in the garden",
  ]);
  const question = await langchain().embedQuery("baking a loaf");
  const scores = rows.map((row) => cosine(question, row));
  return { rows: rows.length, dimensions: rows[0].length, finds: scores.indexOf(Math.max(...scores)) };
});
await check("langchain dimensions", async () => (await langchain({ dimensions: 256 }).embedQuery("a")).length);
console.log(JSON.stringify(results));
