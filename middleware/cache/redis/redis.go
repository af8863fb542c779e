// Package redis keeps the second tier of a cache in Redis or Valkey. All processes that use the
// same server share it.
//
//	client := goredis.NewClient(&goredis.Options{
//		Addr: addr, ContextTimeoutEnabled: true, MaxRetries: -1,
//	})
//	tier, err := redis.New(client, redis.Options{TTL: 30 * 24 * time.Hour})
//	...
//	vectors, err := cache.New(cache.Options{Store: tier})
//
// A call looks up what memory lacks in one pipeline. A slow, full or dead server makes misses and
// no errors, within cache.Options.StoreTimeout, and cache.Stats.Tier counts them. The server need
// not be up when a program starts.
package redis

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/vecspace/embedding/middleware/cache"
)

// Options are options of a [Store]. The zero value keeps vectors until the server evicts them.
type Options struct {
	// TTL is how long the server keeps a vector after it was written. 0 means until the server's
	// maxmemory-policy evicts it; the minimum is 1 ms.
	TTL time.Duration
	// Prefix of all keys; "" means "embedding:". Give two caches different prefixes to keep them
	// apart. Behind it a key has 16 hexadecimal digits, a colon and 43 characters of base64.
	Prefix string
}

// Store is a [cache.Store] in Redis. It is safe for concurrent use.
type Store struct {
	client  goredis.UniversalClient
	ttl     time.Duration
	prefix  string
	damaged atomic.Int64
}

var _ cache.Store = (*Store)(nil)

// New returns a Store that uses client. It does no I/O, and the caller closes the client. New
// returns an error if the client ignores the deadlines of contexts, because calls could then take
// any time: set ContextTimeoutEnabled in its options.
func New(client goredis.UniversalClient, o Options) (*Store, error) {
	if o.TTL < 0 || o.TTL > 0 && o.TTL < time.Millisecond {
		return nil, fmt.Errorf("cache/redis: TTL is %v: it must be at least a millisecond, or 0 to keep vectors until they are evicted", o.TTL)
	}
	if !heedsDeadlines(client) {
		return nil, errors.New("cache/redis: the client ignores the deadlines of contexts: set ContextTimeoutEnabled in its options")
	}
	if o.Prefix == "" {
		o.Prefix = "embedding:"
	}
	return &Store{client: client, ttl: o.TTL, prefix: o.Prefix}, nil
}

func heedsDeadlines(client goredis.UniversalClient) bool {
	switch c := client.(type) {
	case *goredis.Client:
		return c.Options().ContextTimeoutEnabled
	case *goredis.ClusterClient:
		return c.Options().ContextTimeoutEnabled
	case *goredis.Ring:
		return c.Options().ContextTimeoutEnabled
	}
	return client != nil // another type; the user has to know
}

// Damaged returns how many damaged values were found. They were misses and were removed.
func (s *Store) Damaged() int64 { return s.damaged.Load() }

// name returns the key in Redis: the prefix, the space in hexadecimal and the rest in base64.
func (s *Store) name(k cache.Key) string {
	b := make([]byte, 0, len(s.prefix)+2*space+1+43)
	b = append(b, s.prefix...)
	b = hex.AppendEncode(b, k[:space])
	b = append(b, ':')
	return string(base64.RawURLEncoding.AppendEncode(b, k[space:]))
}

// space is how many bytes of a Key are its Space's.
const space = 8

// owns reports whether a key in Redis is one that name returns.
func (s *Store) owns(name string) bool {
	rest, ok := strings.CutPrefix(name, s.prefix)
	front, back, colon := strings.Cut(rest, ":")
	if !ok || !colon {
		return false
	}
	var k cache.Key
	a, errA := hex.DecodeString(front)
	b, errB := base64.RawURLEncoding.DecodeString(back)
	if errA != nil || errB != nil || len(a) != space || len(b) != len(k)-space {
		return false
	}
	copy(k[:], a)
	copy(k[space:], b)
	return s.name(k) == name // upper case, for example, is not ours
}

// Get reads all keys in one pipeline. See [cache.Store].
func (s *Store) Get(ctx context.Context, keys []cache.Key, rows [][]float32) error {
	if len(keys) == 0 {
		return ctx.Err()
	}
	pipe := s.client.Pipeline()
	answers := make([]*goredis.StringCmd, len(keys))
	for i, k := range keys {
		answers[i] = pipe.Get(ctx, s.name(k))
	}
	// Exec returns the error of the first command that has one, and a missing key is one. If no
	// command has an error but Exec does, the pipeline was not sent.
	if _, err := pipe.Exec(ctx); err != nil && !slices.ContainsFunc(answers, func(a *goredis.StringCmd) bool { return a.Err() != nil }) {
		return fmt.Errorf("cache/redis: %w", err)
	}
	var failed error
	var damaged []int
	for i, answer := range answers {
		value, err := answer.Bytes()
		switch {
		case err == nil:
			if rows[i], err = cache.ParseValue(keys[i], value); err != nil {
				damaged = append(damaged, i)
			}
		case errors.Is(err, goredis.Nil):
		case strings.HasPrefix(err.Error(), "WRONGTYPE"):
			damaged = append(damaged, i)
		case failed == nil:
			failed = err
		}
	}
	if len(damaged) > 0 {
		s.remove(ctx, keys, damaged)
	}
	if failed != nil {
		return fmt.Errorf("cache/redis: %w", failed)
	}
	return nil
}

// remove deletes damaged values. If another process has just replaced one by a vector, that goes
// too, which costs a miss.
func (s *Store) remove(ctx context.Context, keys []cache.Key, idx []int) {
	s.damaged.Add(int64(len(idx)))
	pipe := s.client.Pipeline()
	for _, i := range idx {
		pipe.Del(ctx, s.name(keys[i]))
	}
	_, _ = pipe.Exec(ctx) // if it fails, the next reader removes them
}

// Set writes all vectors in one pipeline. See [cache.Store].
func (s *Store) Set(ctx context.Context, keys []cache.Key, rows [][]float32) error {
	if len(keys) == 0 {
		return ctx.Err()
	}
	size := 0
	for _, row := range rows {
		size += 8 + 4*len(row)
	}
	values := make([]byte, 0, size)
	pipe := s.client.Pipeline()
	for i, k := range keys {
		at := len(values)
		values = cache.AppendValue(values, k, rows[i])
		pipe.Set(ctx, s.name(k), values[at:len(values):len(values)], s.ttl)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("cache/redis: %w", err)
	}
	return nil
}

// purgeBlock is how many keys Purge scans at once.
const purgeBlock = 1000

// Purge removes the vectors of all keys that begin with prefix, which is the 8 bytes of a space
// or empty. It scans all keys of the server, and removes only those that have the form of this
// Store's: other keys that begin with Options.Prefix stay.
func (s *Store) Purge(ctx context.Context, prefix []byte) error {
	match := escape(s.prefix) + hex.EncodeToString(prefix[:min(len(prefix), space)]) + "*"
	purge := func(ctx context.Context, node *goredis.Client) error {
		var cursor uint64
		for {
			names, next, err := node.Scan(ctx, cursor, match, purgeBlock).Result()
			if err != nil {
				return err
			}
			pipe := node.Pipeline() // in a cluster, the keys of one command must share a slot
			names = slices.DeleteFunc(names, func(name string) bool { return !s.owns(name) })
			for _, name := range names {
				pipe.Del(ctx, name) // UNLINK is no faster for strings of this size, and Redis before 4 lacks it
			}
			if len(names) > 0 {
				if _, err := pipe.Exec(ctx); err != nil {
					return err
				}
			}
			if cursor = next; cursor == 0 {
				return nil
			}
		}
	}
	var err error
	switch c := s.client.(type) {
	case *goredis.Client:
		err = purge(ctx, c)
	case *goredis.ClusterClient:
		err = c.ForEachMaster(ctx, purge)
	case *goredis.Ring:
		err = c.ForEachShard(ctx, purge)
	default:
		err = errors.ErrUnsupported
	}
	if err != nil {
		return fmt.Errorf("cache/redis: purge: %w", err)
	}
	return nil
}

// escape returns a glob pattern that matches only s.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(s)
}
