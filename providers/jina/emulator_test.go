package jina_test

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/jina"
	"github.com/vecspace/embedding/providers/jina/jinatest"
)

func TestEmulator(t *testing.T) {
	limits := map[string]embedding.Limits{}
	for _, m := range jina.Catalog() {
		m.Limits.Texts = jinatest.MaxTexts // the table keeps to a quarter, and says why
		limits[m.Model] = m.Limits
	}
	vendortest.Emulated{
		Name: "jina", Path: jinatest.BasePath, New: jinatest.New, Open: jina.Open,
		Limits: limits, Model: "jina-embeddings-v3",
	}.Test(t)
}
