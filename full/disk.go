package full

import (
	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/middleware/cache/disk"
)

func openDisk(t config.Tier) (cache.Store, func() error, error) {
	store, err := disk.Open(t.Address, disk.Options{MaxBytes: t.MaxBytes, TTL: t.TTL})
	if err != nil {
		return nil, nil, err
	}
	return store, store.Close, nil
}
