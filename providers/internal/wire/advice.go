package wire

import (
	"strconv"

	"github.com/vecspace/embedding"
)

// Advice returns what a user can do about a refusal, unless the vendor's classifier knows better.
func Advice(k embedding.Kind) string {
	switch k {
	case embedding.Invalid:
		return "check the model's name, its dimensions and the base URL"
	case embedding.Rejected:
		return "shorten or split the text, or leave it out"
	case embedding.TooLarge:
		return "put middleware.Batch around it, or set Options.Limits"
	case embedding.Auth:
		return "check the key and its permissions"
	case embedding.RateLimited:
		return "send fewer requests at once (middleware.Limit), and retry later (middleware.Retry)"
	case embedding.Exhausted:
		return "the account's quota or balance is used up: check its billing page"
	case embedding.Unavailable:
		return "retry later (middleware.Retry)"
	}
	return ""
}

// Number returns the number that a pattern with one matching group has found in a server's words,
// or 0 if there is none.
func Number(match []string) int {
	for _, group := range match {
		if n, err := strconv.Atoi(group); err == nil {
			return n
		}
	}
	return 0
}
