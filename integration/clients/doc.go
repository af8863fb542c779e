// Package clients runs official clients against our emulators: the Python clients of OpenAI,
// Cohere, Voyage, Mistral and DashScope, and OpenAI's also against every preset. Where they are
// installed, OpenAI's and langchain's JavaScript clients run too. Each client is a process of its
// own. A script sends what a program would send and switches faults on over the emulator's control
// path. It reports values, the client's own exceptions, attempts and the bill.
//
// The same clients, unmodified, run against package server with the local model behind it, and so
// do langchain-openai, llama-index (OpenAI and TEI), Ollama's and Google's where they are
// installed.
package clients
