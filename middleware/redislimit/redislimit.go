// Package redislimit keeps the quota of middleware.Limit in Redis (5 or later) or Valkey, so that many processes share one.
//
//	client := goredis.NewClient(&goredis.Options{Addr: addr, ContextTimeoutEnabled: true, MaxRetries: -1})
//	quota, err := redislimit.New(client, "dashscope-intl")
//	...
//	middleware.LimitOptions{RPM: 1800, TPM: 1_200_000, Shared: quota, Processes: 10}
package redislimit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/vecspace/embedding/middleware"
)

// Quota is a middleware.Quota. It is safe for concurrent use.
//
// One script on the server draws requests and tokens together, by the server's clock. They are spread evenly: what a quiet moment
// saves up is a fiftieth of a second's share, at least one request. 6 % of the requests are left free, because those that were let go
// evenly arrive unevenly and the provider counts arrivals, and 8 % of the tokens, because how many a request has is known only when it is answered. A request
// that holds more than a few hundredths of a second's tokens may be refused all the same, for a second has room for a whole number of them. Settings that differ between processes are each process's own
// view of one account: give all the same.
type Quota struct {
	client goredis.UniversalClient
	key    string
}

var _ middleware.Quota = (*Quota)(nil)

// New returns the quota of an account, which is known by its name to all processes that use the same server. It asks the server
// nothing. The client stays the caller's to close; it is an error if it does not heed a context's deadline.
func New(client goredis.UniversalClient, account string) (*Quota, error) {
	if account == "" {
		return nil, errors.New("redislimit: the account has no name: processes find each other by it")
	}
	heeds := client != nil
	switch c := client.(type) {
	case *goredis.Client:
		heeds = c.Options().ContextTimeoutEnabled
	case *goredis.ClusterClient:
		heeds = c.Options().ContextTimeoutEnabled
	case *goredis.Ring:
		heeds = c.Options().ContextTimeoutEnabled
	}
	if !heeds {
		return nil, errors.New("redislimit: the client ignores the deadlines of contexts: set ContextTimeoutEnabled in its options")
	}
	return &Quota{client, "embedding-quota:" + account}, nil
}

//go:embed take.lua
var source string

// take is never changed.
var take = goredis.NewScript(source)

// old is what servers say of the script that cannot run it: Redis 4 lets no script write that has asked for the time, Redis 3 sets
// one field at a time, and Redis 2.4 has no scripts.
var old = regexp.MustCompile(`(?i)after non deterministic commands|wrong number of args calling redis command|unknown command '?eval`)

// Take is one round trip.
func (q *Quota) Take(ctx context.Context, d middleware.Draw) (time.Duration, error) {
	wait, err := take.Run(ctx, q.client, []string{q.key}, d.RPM, d.TPM, d.Requests, d.Tokens, d.Most.Microseconds()).Int64()
	if err != nil {
		if old.MatchString(err.Error()) {
			return 0, fmt.Errorf("redislimit: the server is too old: Redis 5 or later, or any Valkey, is needed: %w", err)
		}
		return 0, fmt.Errorf("redislimit: %w", err)
	}
	return time.Duration(wait) * time.Microsecond, nil
}
