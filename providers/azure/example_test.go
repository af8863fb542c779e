package azure_test

import (
	"fmt"

	"github.com/vecspace/embedding/providers/azure"
	"github.com/vecspace/embedding/providers/openai"
)

func Example() {
	e, err := azure.New(azure.Options{
		Deployment: "docs",
		Model:      "text-embedding-3-small", // your word for what the deployment is
		Endpoint:   "https://my-resource.openai.azure.com",
		Key:        "the-key-from-your-vault",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	same, err := openai.New(openai.Options{Model: "text-embedding-3-small", BaseURL: openai.BaseURL, Key: "the-key-from-your-vault"})
	if err != nil {
		fmt.Println(err)
		return
	}
	// So either can search what the other has embedded, and middleware.Fallback takes both.
	fmt.Println(e.Model().Space.Same(same.Model().Space))
	// Output: true
}
