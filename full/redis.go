package full

import (
	"errors"
	"fmt"
	"net/url"
	"os"

	goredis "github.com/redis/go-redis/v9"

	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/middleware/cache/redis"
	"github.com/vecspace/embedding/middleware/redislimit"
)

func openRedis(t config.Tier) (cache.Store, func() error, error) {
	if t.MaxBytes != 0 {
		return nil, nil, errors.New("tier redis: Redis has no max_bytes: set maxmemory on the server")
	}
	client, err := redisClient(t.Address)
	if err != nil {
		return nil, nil, fmt.Errorf("tier redis: %w", err)
	}
	store, err := redis.New(client, redis.Options{TTL: t.TTL})
	if err != nil {
		return nil, nil, errors.Join(err, client.Close())
	}
	return store, client.Close, nil
}

func openRedisQuota(address, account string) (middleware.Quota, func() error, error) {
	client, err := redisClient(address)
	if err != nil {
		return nil, nil, fmt.Errorf("shared redis: %w", err)
	}
	quota, err := redislimit.New(client, account)
	if err != nil {
		return nil, nil, errors.Join(err, client.Close())
	}
	return quota, client.Close, nil
}

// redisClient returns a client that connects when it is first used. Its errors do not quote the
// address, which may hold a password.
func redisClient(address string) (*goredis.Client, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the address is not a URL such as redis://localhost:6379/0")
	}
	if _, has := u.User.Password(); has {
		return nil, errors.New("the address holds a password: remove it, put it into an environment variable and add ?password_env=THE_VARIABLE")
	}
	query := u.Query()
	variable := query.Get("password_env")
	query.Del("password_env")
	u.RawQuery = query.Encode()
	o, err := goredis.ParseURL(u.String())
	if err != nil {
		return nil, fmt.Errorf("the address is not a URL such as redis://localhost:6379/0: %w", err)
	}
	if variable != "" {
		if o.Password = os.Getenv(variable); o.Password == "" {
			return nil, fmt.Errorf("set the variable %s to the server's password", variable)
		}
	}
	// The cache and the limit bound each call by a context and decide themselves when to ask again.
	o.ContextTimeoutEnabled, o.MaxRetries = true, -1
	return goredis.NewClient(o), nil
}
