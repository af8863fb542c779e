package documents_test

import (
	"fmt"

	"github.com/vecspace/embedding/documents"
)

func ExampleSplitMarkdown() {
	text := "# Garden\n\n## Roses\n\nRoses want sun.\n\n## Lawn\n\n```sh\nmow --every week\n```\n"
	for _, part := range documents.SplitMarkdown(text, 0) {
		fmt.Printf("%q\n", part)
	}
	// Output:
	// "# Garden\n## Roses\nRoses want sun."
	// "# Garden\n## Lawn\n```sh\nmow --every week\n```"
}
