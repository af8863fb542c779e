// Package clients holds our emulators to the truth: the official Python clients of OpenAI, Cohere, Voyage, Mistral and DashScope
// run against them, OpenAI's also against every preset of its wire, and where they are installed OpenAI's and langchain's for JavaScript, each in a process of its own. A script asks what a program would ask, with faults switched on over the
// emulator's control path, and reports values, the client's own exceptions, attempts and what was billed.
package clients
