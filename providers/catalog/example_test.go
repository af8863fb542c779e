package catalog_test

import (
	"fmt"

	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/catalog"
)

// What is known of a model, before anything is asked of its service.
func Example() {
	var model catalog.Entry
	for _, e := range providers.Catalog() {
		if e.Provider == "cohere" && e.Model == "embed-v4.0" {
			model = e
		}
	}
	fmt.Println(model.Reference, "with the key in", model.Key)
	fmt.Println(model.Dimensions.Default, "dimensions, at most", model.Limits.Texts, "texts in a request")
	// Output:
	// cohere:embed-v4.0 with the key in COHERE_API_KEY
	// 1536 dimensions, at most 96 texts in a request
}
