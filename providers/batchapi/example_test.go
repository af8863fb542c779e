package batchapi_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"

	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/openai/openaitest"
)

// A batch is submitted under a mark, by which it is found again, and its answers have the lines'
// IDs. The emulator ends a batch at once.
func Example() {
	ctx := context.Background()
	service, err := openaitest.New(emulator.Options{})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(service)
	defer server.Close()
	var api batchapi.API
	api, err = openai.NewBatches(openai.Options{
		Preset: "openai", Model: "text-embedding-3-small", Dimensions: 64,
		BaseURL: server.URL + openaitest.BasePath, Key: emulator.DefaultKey,
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := api.Submit(ctx, batchapi.Batch{Mark: "nightly-1", Lines: []batchapi.Line{{ID: "a", Text: "parse flags"}}}); err != nil {
		log.Fatal(err)
	}
	ids, err := api.Find(ctx, "nightly-1")
	if err != nil {
		log.Fatal(err)
	}
	state, err := api.Poll(ctx, ids[0])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(ids), "batch,", state.Status)
	texts := map[string]string{"a": "parse flags"}
	err = api.Results(ctx, ids[0], func(id string) string { return texts[id] }, func(r batchapi.Result) {
		fmt.Println(r.ID, len(r.Vector), "dimensions", r.Err)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 1 batch, completed
	// a 64 dimensions <nil>
}
