package awsconfig_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/bedrock"
	"github.com/vecspace/embedding/providers/bedrock/awsconfig"
	"github.com/vecspace/embedding/providers/bedrock/bedrocktest"
)

// Credentials of any source of the SDK sign the requests. Load takes the SDK's whole chain instead.
// The service is an emulator here, which verifies the signature.
func Example() {
	service, err := bedrocktest.New(bedrocktest.Options{})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(service)
	defer server.Close()
	source := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		known := bedrocktest.DefaultCredentials()
		return aws.Credentials{AccessKeyID: known.AccessKeyID, SecretAccessKey: known.SecretAccessKey}, nil
	})
	e, err := bedrock.New(bedrock.Options{
		Model: "amazon.titan-embed-text-v2:0", Region: bedrocktest.DefaultRegion, BaseURL: server.URL, Credentials: awsconfig.From(source),
	})
	if err != nil {
		panic(err)
	}
	vector, err := embedding.Query(context.Background(), e, "a cat on a sofa")
	fmt.Println(len(vector), "dimensions, error", err)
	// Output:
	// 1024 dimensions, error <nil>
}
