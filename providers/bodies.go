package providers

// unverifiedBodies says which of a provider's error bodies have no source with an address. Made by go test ./providers -run Bodies -update.
func unverifiedBodies(provider string) string {
	switch provider {
	case "azure":
		return "7 of 22 error bodies"
	case "bedrock":
		return "10 of 31 error bodies"
	case "cohere":
		return "9 of 16 error bodies"
	case "dashscope":
		return "30 of 76 error bodies"
	case "gemini":
		return "12 of 21 error bodies"
	case "jina":
		return "8 of 16 error bodies"
	case "llamacpp":
		return "4 of 9 error bodies"
	case "ollama":
		return "8 of 18 error bodies"
	case "openai":
		return "1 of 14 error bodies"
	case "tei":
		return "6 of 16 error bodies"
	case "voyage":
		return "10 of 13 error bodies"
	case "zhipu":
		return "4 of 6 error bodies"
	}
	return ""
}
