package base1_test

import (
	"fmt"

	"github.com/vecspace/embedding/providers"
	_ "github.com/vecspace/embedding/providers/static/base1"
)

// A store with vectors of the first edition opens with the first edition.
func Example() {
	for _, reference := range []string{"static:base", "static:base1"} {
		e, err := providers.Open(reference)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(e.Model().Space)
	}
	// Output:
	// static/base-706ceacb-t2@256
	// static/base-9680046a@256
}
