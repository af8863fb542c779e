package openai_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/openai/openaitest"
)

var batchVendor = vendortest.Batches{
	Path: openaitest.BasePath, New: openaitest.New, Dimensions: 8, Status: "completed", NoSuch: "no-such-batch",
	Open:     func(base, key string) (batchapi.API, error) { return openai.NewBatches(batchOptions(base, key)) },
	Embedder: func(base, key string) (embedding.Embedder, error) { return openai.New(batchOptions(base, key)) },
}

func batchOptions(base, key string) openai.Options {
	return openai.Options{Preset: "openai", Model: "text-embedding-3-small", Dimensions: 8, BaseURL: base, Key: key}
}

func TestBatches(t *testing.T) {
	batchVendor.Test(t)
	_, api := batchVendor.Serve(t, emulator.DefaultKey)
	_, state := vendortest.Submitted(t, api, batchapi.Batch{Mark: "m", Lines: append(vendortest.Lines(1), vendortest.Lines(1)...)})
	if e, ok := errors.AsType[*embedding.Error](state.Err); !ok || e.Code != "duplicate_custom_id" {
		t.Errorf("got %v, want that an id is there twice", state.Err)
	}
	expect.Equal(t, "price in the catalog", slices.ContainsFunc(openai.Catalog(), func(e catalog.Entry) bool {
		return e.Reference == "openai:text-embedding-3-small" && e.Prices[0].Batch == 0.5
	}), true)
}

// Vendors without a batch API say so, and a server that is nobody's is not vouched for.
func TestNewBatches(t *testing.T) {
	_, err := openai.NewBatches(openai.Options{Preset: "together", Model: "BAAI/bge-base-en-v1.5", Key: "k"})
	vendortest.Refused(t, "no batch API is known", err, embedding.Invalid, "Together")
	api, err := openai.NewBatches(openai.Options{Model: "m", BaseURL: "https://gateway.example/v1"})
	expect.NoError(t, err)
	if got := api.Terms(); !strings.Contains(got.Unverified, "gateway.example") || got.Share != 0 {
		t.Errorf("got %+v, want terms that are not verified", got)
	}
}
