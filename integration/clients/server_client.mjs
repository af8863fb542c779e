// OpenAI's client for JavaScript and langchain's, unmodified, of "vecspace serve".
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [BASE, KEY] = process.argv.slice(2);
// The packages are not beside this file: NODE_PACKAGES says where.
const require = createRequire(pathToFileURL(process.env.NODE_PACKAGES + "/"));
const { default: OpenAI } = require("openai");
const { OpenAIEmbeddings } = require("@langchain/openai");

const results = {};
const model = "text-embedding-3-small";
const texts = (n) => Array.from({ length: n }, (_, i) => `text ${i}`);

async function check(name, run) {
  const start = Date.now();
  const result = {};
  try {
    result.value = await run();
  } catch (e) {
    Object.assign(result, { raised: [e.constructor.name], said: e.message, status_code: e.status, code: e.code });
  }
  result.seconds = (Date.now() - start) / 1000;
  results[name] = result;
}

// How many different rows there are, of unit length.
const apart = (rows) => new Set(rows.filter((v) => Math.abs(Math.hypot(...v) - 1) < 1e-5).map(String)).size;

async function common(client, embed, limited) {
  await check(client + " 1", async () => apart(await embed(["one"])));
  await check(client + " 1000", async () => apart(await embed(texts(1000))));
  await check(client + " 2048", async () => apart(await embed(texts(2048))));
  await check(client + " bad text", () => embed(["a", "BAD", "b"]));
  await check(client + " wrong key", () => embed(["a"], { apiKey: "wrong" }));
  await check(client + " dimensions", async () => (await embed(["a"], { dimensions: 64 }))[0].length);
  await check(client + " limited", async () => (await embed([client], { model: "limited" })).length);
}

const openai = async (input, { apiKey = KEY, ...more } = {}) =>
  (await new OpenAI({ apiKey, baseURL: BASE + "/v1" }).embeddings.create({ model, input, ...more })).data.map((d) => d.embedding);
await common("openai", openai);
await check("openai bits", async () => {
  const decoded = await openai(texts(50)); // base64 is the client's default
  const numbers = await openai(texts(50), { encoding_format: "float" });
  return decoded.every((v, i) => v.every((x, k) => x === Math.fround(numbers[i][k])));
});
await common("langchain", (input, more) =>
  new OpenAIEmbeddings({ model, apiKey: KEY, configuration: { baseURL: BASE + "/v1" }, ...more }).embedDocuments(input));
console.log(JSON.stringify(results));
