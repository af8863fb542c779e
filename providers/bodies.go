package providers

// unverifiedBodies says how many of a provider's error bodies nobody can look up at a commit. Made by go test ./providers -run Bodies -update.
func unverifiedBodies(provider string) string {
	switch provider {
	case "azure":
		return "of 22 error bodies 6 without a source, 12 without a commit (a thread or page)"
	case "bedrock":
		return "of 31 error bodies 3 without a source, 15 without a commit (a thread or page)"
	case "cohere":
		return "of 19 error bodies 6 without a source, 1 without a commit (a thread or page)"
	case "dashscope":
		return "of 74 error bodies 20 without a source, 30 without a commit (a thread or page)"
	case "deepinfra":
		return "of 2 error bodies 2 without a commit (a thread or page)"
	case "gemini":
		return "of 21 error bodies 7 without a source, 9 without a commit (a thread or page)"
	case "jina":
		return "of 23 error bodies 4 without a source, 1 without a commit (a thread or page)"
	case "llamacpp":
		return "of 12 error bodies 2 without a commit (a thread or page)"
	case "lmstudio":
		return "of 3 error bodies 3 without a commit (a thread or page)"
	case "localai":
		return "of 2 error bodies 1 without a commit (a thread or page)"
	case "mistral":
		return "of 8 error bodies 2 without a commit (a thread or page)"
	case "ollama":
		return "of 21 error bodies 1 without a source, 1 without a commit (a thread or page)"
	case "openai":
		return "of 16 error bodies 1 without a source, 8 without a commit (a thread or page)"
	case "openrouter":
		return "of 19 error bodies 6 without a commit (a thread or page)"
	case "siliconflow":
		return "of 9 error bodies 5 without a commit (a thread or page)"
	case "tei":
		return "of 18 error bodies 2 without a commit (a thread or page)"
	case "together":
		return "of 4 error bodies 2 without a commit (a thread or page)"
	case "volcengine":
		return "of 6 error bodies 6 without a commit (a thread or page)"
	case "voyage":
		return "of 12 error bodies 5 without a source, 1 without a commit (a thread or page)"
	case "zhipu":
		return "of 10 error bodies 3 without a source, 3 without a commit (a thread or page)"
	}
	return ""
}
