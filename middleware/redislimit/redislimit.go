// Package redislimit keeps the quota of [middleware.Limit] in Redis (5 or later) or Valkey, so that
// many processes share one account.
//
//	client := goredis.NewClient(&goredis.Options{
//		Addr: addr, ContextTimeoutEnabled: true, MaxRetries: -1,
//	})
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

// Quota is a [middleware.Quota]. It is safe for concurrent use.
//
// One script on the server draws requests and tokens together, by the server's clock, and spreads
// them evenly: an idle period saves up at most 20 ms of quota, or one request. 6 % of the requests
// stay free, because requests arrive less evenly than they were sent and the provider counts
// arrivals. 8 % of the tokens stay free, because their number is known only with the answer. If the
// provider counts in a longer window than a second, less of both stays free, down to 2 %. The
// provider may still refuse a request with more than a few hundredths of a second's tokens, because
// only a whole number of such requests fits into a second. Give all processes the same settings:
// each draws by its own.
//
// [middleware.Bulk] has at most nine tenths of what is left of both. An interactive request that
// has to wait is drawn before any of Bulk, in whichever processes they are.
type Quota struct {
	client goredis.UniversalClient
	key    string
}

var _ middleware.Quota = (*Quota)(nil)

// New returns the quota of an account. Processes that use the same server and account name share
// it. New does no I/O. Close the client yourself. A client that ignores the deadlines of contexts
// is an error.
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

// old matches the errors of servers that cannot run the script: in Redis 4 a script that asks for
// the time cannot write, Redis 3 sets one field at a time, and Redis 2.4 has no scripts.
var old = regexp.MustCompile(`(?i)after non deterministic commands|wrong number of args calling redis command|unknown command '?eval`)

// Take draws from the account, in one round trip.
func (q *Quota) Take(ctx context.Context, d middleware.Draw) (time.Duration, error) {
	bulk := 0
	if d.Lane == middleware.Bulk {
		bulk = 1
	}
	wait, err := take.Run(ctx, q.client, []string{q.key}, d.RPM, d.TPM, d.Requests, d.Tokens, d.Most.Microseconds(), bulk, max(1, d.Window.Seconds())).Int64()
	if err != nil {
		if old.MatchString(err.Error()) {
			return 0, fmt.Errorf("redislimit: the server is too old: Redis 5 or later, or any Valkey, is needed: %w", err)
		}
		return 0, fmt.Errorf("redislimit: %w", err)
	}
	return time.Duration(wait) * time.Microsecond, nil
}
