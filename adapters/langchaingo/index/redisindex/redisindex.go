// Package redisindex is what adapters/langchaingo/index needs of langchaingo's redisvector store.
// It has a module of its own, for go-redis:
//
//	s, err := index.New(e, guarded, redisindex.New(client, "notes"))
package redisindex

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/vecspace/embedding/adapters/langchaingo/collection"
)

// page is the number of documents in one pipeline.
const page = 500

// New returns the Index of a redisvector index with this name. The client must lead to the server
// of the store; on a cluster, every master is read. It reads the documents whose ID the store has
// chosen, not those with the metadata "ids" or "keys".
func New(client redis.UniversalClient, name string) collection.Index {
	return index{client, "doc:" + name + ":"}
}

type index struct {
	client redis.UniversalClient
	prefix string
}

// ours reports whether key is one of this index and not of another whose name goes on after a
// colon.
func (x index) ours(key string) bool {
	id, ok := strings.CutPrefix(key, x.prefix)
	return ok && id != "" && !strings.Contains(id, ":")
}

// quoted makes a pattern of SCAN that means s.
var quoted = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `^`, `\^`, `-`, `\-`)

func (x index) List(ctx context.Context) iter.Seq2[collection.Entry, error] {
	return func(yield func(collection.Entry, error) bool) {
		keys, err := x.keys(ctx)
		for len(keys) > 0 && err == nil {
			part := keys[:min(page, len(keys))]
			keys = keys[len(part):]
			var rows []*redis.SliceCmd
			if rows, err = x.get(ctx, part, collection.HashKey, collection.SourceKey); err != nil {
				break
			}
			for i, row := range rows {
				values := row.Val()
				hash, _ := values[0].(string)
				source, _ := values[1].(string)
				if !yield(collection.Entry{ID: part[i], Hash: hash, Source: source}, nil) {
					return
				}
			}
		}
		if err != nil {
			yield(collection.Entry{}, fmt.Errorf("redisindex: %w", err))
		}
	}
}

// keys returns the keys of all documents.
func (x index) keys(ctx context.Context) ([]string, error) {
	cluster, ok := x.client.(*redis.ClusterClient)
	if !ok {
		return x.scan(ctx, x.client)
	}
	var mu sync.Mutex
	var all []string
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, master *redis.Client) error {
		keys, err := x.scan(ctx, master)
		mu.Lock()
		defer mu.Unlock()
		all = append(all, keys...)
		return err
	})
	return all, err
}

// scan returns the keys of one server. SCAN may give one twice.
func (x index) scan(ctx context.Context, client redis.Cmdable) ([]string, error) {
	var keys []string
	seen := map[string]bool{}
	for at := uint64(0); ; {
		found, next, err := client.ScanType(ctx, at, quoted.Replace(x.prefix)+"*", page, "hash").Result()
		if err != nil {
			return nil, err
		}
		for _, key := range found {
			if x.ours(key) && !seen[key] {
				seen[key] = true
				keys = append(keys, key)
			}
		}
		if at = next; at == 0 {
			return keys, nil
		}
	}
}

// get reads fields of hashes, in one pipeline.
func (x index) get(ctx context.Context, keys []string, fields ...string) ([]*redis.SliceCmd, error) {
	out := make([]*redis.SliceCmd, len(keys))
	_, err := x.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, key := range keys {
			out[i] = p.HMGet(ctx, key, fields...)
		}
		return nil
	})
	return out, err
}

// field is where redisvector keeps the vector.
const field = "content_vector"

func (x index) Vectors(ctx context.Context, ids []string) (map[string][]float32, error) {
	out := make(map[string][]float32, len(ids))
	for len(ids) > 0 {
		part := ids[:min(page, len(ids))]
		ids = ids[len(part):]
		rows, err := x.get(ctx, part, field)
		if err != nil {
			return nil, fmt.Errorf("redisindex: %w", err)
		}
		for i, row := range rows {
			data, ok := row.Val()[0].(string)
			if !ok || !x.ours(part[i]) {
				continue
			}
			v := make([]float32, len(data)/4)
			for k := range v {
				v[k] = math.Float32frombits(binary.LittleEndian.Uint32([]byte(data[4*k : 4*k+4])))
			}
			out[part[i]] = v
		}
	}
	return out, nil
}

func (x index) Delete(ctx context.Context, ids []string) error {
	_, err := x.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, id := range ids { // a key each, for the slots of a cluster
			if x.ours(id) {
				p.Del(ctx, id)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("redisindex: %w", err)
	}
	return nil
}
