package wire

import "github.com/vecspace/embedding"

// Advice is what a user can do about a refusal of a kind, where a vendor's own classifier knows nothing better.
func Advice(k embedding.Kind) string {
	switch k {
	case embedding.Invalid:
		return "check the model's name, its dimensions and the base URL"
	case embedding.Rejected:
		return "shorten or split the text, or leave it out"
	case embedding.TooLarge:
		return "put middleware.Batch around it, or set Options.Limits"
	case embedding.Auth:
		return "check the key, and what it has access to"
	case embedding.RateLimited:
		return "ask less at once (middleware.Limit), and again later (middleware.Retry)"
	case embedding.Exhausted:
		return "the account's quota or balance is used up: look at its billing page"
	case embedding.Unavailable:
		return "ask again later (middleware.Retry)"
	}
	return ""
}
