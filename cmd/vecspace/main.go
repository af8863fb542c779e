// Command vecspace is the framework's command line.
//
//	vecspace compare REFERENCE…  compares embedders side by side: quality, speed and cost
//	vecspace embed REFERENCE     embeds lines, JSONL, CSV or TSV, and writes JSONL, CSV or .npy
//	vecspace providers           lists every provider and model, with limits and prices
//	vecspace serve REFERENCE…    serves embedders over HTTP, to any client of OpenAI and others
//	vecspace emulate SERVICE     serves a provider's API on this machine, with its limits and errors
//	vecspace completion SHELL    prints what makes bash, zsh or fish complete commands and flags
//	vecspace version             prints the version
//
// "vecspace help COMMAND" lists a command's flags. The exit code is 0 after success, 2 after a
// wrong call, and 1 after any other failure.
//
// The build github.com/vecspace/embedding/full/cmd/vecspace has the same commands and more parts:
// cache tiers on disk and in Redis, shared limits, and OpenTelemetry.
package main

import "github.com/vecspace/embedding/internal/command"

func main() {
	command.Main(command.Parts{})
}
