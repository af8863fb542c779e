// Package full has the parts of every nested module, for [config.Load] and for the full build of
// the program vecspace.
//
//	set, err := config.Load("embedders.yaml", full.Parts())
//
// It links bbolt, go-redis, OpenTelemetry and a vocabulary of OpenAI's. A program that needs one of
// them passes a [config.Parts] of its own instead; a part takes a few lines.
package full

import (
	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
)

// Parts returns a fresh copy of all parts.
//
// Tiers are disk, whose address is a file, and redis, whose address is a URL. The shared limit is
// redis too. Telemetry is otel, whose address is the URL of an OTLP receiver over HTTP, such as
// http://localhost:4318. The vocabulary is cl100k_base.
//
// A Redis URL is redis://, rediss:// or unix://, as go-redis reads it, without a password. The
// password comes from the environment: ?password_env= names the variable.
func Parts() config.Parts {
	return config.Parts{
		Tiers:     map[string]func(config.Tier) (cache.Store, func() error, error){"disk": openDisk, "redis": openRedis},
		Quotas:    map[string]func(address, account string) (middleware.Quota, func() error, error){"redis": openRedisQuota},
		Telemetry: map[string]func(string) (config.Telemetry, func() error, error){"otel": openOTel},
		Tokens:    map[string]func([]int) (string, error){"cl100k_base": decodeCL100K},
	}
}
