package voyage_test

import (
	"fmt"

	"github.com/vecspace/embedding/providers/voyage"
)

func Example() {
	documents, err := voyage.New(voyage.Options{Model: "voyage-4-large", Key: "the-key-from-your-vault"})
	if err != nil {
		fmt.Println(err)
		return
	}
	queries, err := voyage.New(voyage.Options{Model: "voyage-4-lite", Key: "the-key-from-your-vault"})
	if err != nil {
		fmt.Println(err)
		return
	}
	// One space: cheap queries search what the large model embedded.
	fmt.Println(documents.Model().Space.Same(queries.Model().Space))
	// Output: true
}
