package bedrock_test

import (
	"context"
	"fmt"

	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/bedrock"
)

func Example() {
	e, err := bedrock.New(bedrock.Options{
		Model:  "amazon.titan-embed-text-v2:0",
		Region: "us-east-1",
		Credentials: func(context.Context) (bedrock.Credentials, error) { // without it, AWS' variables
			return bedrock.Credentials{AccessKeyID: "from-your-vault", SecretAccessKey: "from-your-vault"}, nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	// Titan takes one text a request: Batch asks for many at once, some in flight at a time.
	e = middleware.Batch(middleware.BatchOptions{})(e)
	fmt.Println(e.Model().Space)
	// Output: bedrock/amazon.titan-embed-text-v2:0@1024
}
