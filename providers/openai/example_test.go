package openai_test

import (
	"errors"
	"fmt"

	"github.com/vecspace/embedding/providers/openai"
)

func ExampleNew_prefix() {
	for _, o := range []openai.Options{
		{Preset: "vllm", Model: "intfloat/multilingual-e5-small", Prefix: "auto"},
		{Preset: "vllm", Model: "intfloat/multilingual-e5-small", QueryPrefix: "query: "},
		{Preset: "vllm", Model: "intfloat/multilingual-e5-small"},
	} {
		e, err := openai.New(o)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%q\n", e.Model().DocumentVariant()) // what an index must have in common
	}
	_, err := openai.New(openai.Options{Preset: "vllm", Model: "acme/base", Prefix: "e6"})
	fmt.Println(errors.Unwrap(err))
	// Output:
	// "document=\"passage: \""
	// ""
	// ""
	// there is no prefix "e6" in the table; there are auto, e5, e5-instruct, bge, bge-zh, nomic, embeddinggemma, qwen3, mxbai, arctic, arctic2, none
}

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
