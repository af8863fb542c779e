// Package awsconfig gives package bedrock credentials from the AWS SDK's whole chain: the
// environment, profiles, SSO, web identities, and the roles of containers and instances.
//
//	credentials, region, err := awsconfig.Load(ctx)
//	e, err := bedrock.New(bedrock.Options{
//		Model: "amazon.titan-embed-text-v2:0", Region: region, Credentials: credentials,
//	})
//
// It is a nested module, so that only programs that need the chain depend on the SDK's
// configuration.
package awsconfig

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/vecspace/embedding/providers/bedrock"
)

// Load reads the SDK's configuration and returns its credentials and its region, which is empty if
// none is configured. Load reads files only; network lookups of the chain wait for the first
// request. options are the SDK's, such as config.WithSharedConfigProfile.
func Load(ctx context.Context, options ...func(*config.LoadOptions) error) (credentials func(context.Context) (bedrock.Credentials, error), region string, err error) {
	c, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, "", fmt.Errorf("awsconfig: %w", err)
	}
	return From(c.Credentials), c.Region, nil
}

// From adapts an SDK credentials provider to bedrock.Options. It caches credentials until shortly
// before they expire: a source that is not an aws.CredentialsCache is put into one. The result is
// safe for concurrent use.
func From(source aws.CredentialsProvider) func(context.Context) (bedrock.Credentials, error) {
	if source == nil {
		return func(context.Context) (bedrock.Credentials, error) {
			return bedrock.Credentials{}, errors.New("awsconfig: the source of credentials is nil")
		}
	}
	if _, kept := source.(*aws.CredentialsCache); !kept {
		source = aws.NewCredentialsCache(source)
	}
	return func(ctx context.Context) (bedrock.Credentials, error) {
		c, err := source.Retrieve(ctx)
		return bedrock.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, err
	}
}
