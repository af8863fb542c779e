// Package clients runs official clients against our emulators: the Python clients of OpenAI,
// Cohere, Voyage, Mistral and DashScope, and OpenAI's also against every preset. Where they are
// installed, OpenAI's and langchain's JavaScript clients run too. Each client is a process of its
// own. A script sends what a program would send and switches faults on over the emulator's control
// path. It reports values, the client's own exceptions, attempts and the bill.
//
// TestServer runs the same clients, unmodified, against the program "vecspace serve", and
// langchain-openai, llama-index (OpenAI and TEI), LiteLLM's SDK, Ollama's and Google's, and in
// JavaScript the AI SDK, where they are installed. Its table has a row for each client; go-openai,
// langchaingo and chromem-go are in package server.
package clients
