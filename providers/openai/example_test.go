package openai_test

import (
	"errors"
	"fmt"

	"github.com/vecspace/embedding/providers/openai"
)

func ExampleNew_preset() {
	e, err := openai.New(openai.Options{Preset: "mistral", Model: "codestral-embed", Dimensions: 512, Key: "key-of-the-example"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Model().Space, e.Model().Endpoint)
	_, err = openai.New(openai.Options{Preset: "mistral", Model: "mistral-embed", Dimensions: 512, Key: "key-of-the-example"})
	fmt.Println(errors.Unwrap(err))
	// Output:
	// mistral/codestral-embed@512 api.mistral.ai
	// mistral-embed has no 512 dimensions, it has 1024 only
}
