// Command errors keeps what succeeded and says what failed: docs/errors.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
)

func main() {
	e, err := providers.Open("static:base")
	if err != nil {
		log.Fatal(err)
	}
	e = embedding.Chain(e, middleware.Standard(middleware.StandardOptions{}))
	res, err := e.Embed(context.Background(), embedding.Request{Texts: []string{"good", " ", "also good"}})

	var partial *embedding.PartialError
	switch {
	case errors.As(err, &partial):
		for _, failed := range partial.Failed {
			fmt.Printf("text %d: %v\n", failed.Index, embedding.KindOf(failed.Err))
		}
	case errors.Is(err, embedding.Exhausted):
		log.Fatal("no money: ", err)
	case err != nil:
		log.Fatal(err)
	}
	for i, v := range embedding.Salvage(res, err).Vectors { // all vectors, or those that succeeded
		fmt.Println(i, len(v))
	}
}
