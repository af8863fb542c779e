package openai

import (
	"slices"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func open(base string) (embedding.Embedder, error) {
	return New(Options{Model: "m", BaseURL: base + "/v1", Key: vendortest.Key})
}

func FuzzAnswers(f *testing.F) { vendortest.FuzzAnswers(f, open) }

func TestRefusals(t *testing.T) { vendortest.Refusals(t, open, nil) }

func TestEveryPatternIsProved(t *testing.T) {
	vendortest.Proved(t, slices.Concat(tooManyTexts, tooManyTokens, textTooLong, noMoney, noLength, unsafe, noModel, notRun, noNumbers, tooLongAt5xx)...)
}
