package disk_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/middleware/cache/disk"
)

// The second run of a program pays for nothing that the first one has asked for.
func Example() {
	dir, err := os.MkdirTemp("", "disk")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for range 2 {
		if err := run(filepath.Join(dir, "vectors.db")); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// 1 request, 0 from the cache
	// 0 request, 2 from the cache
}

func run(path string) error {
	tier, err := disk.Open(path, disk.Options{})
	if err != nil {
		return err // the file is in use, damaged or cannot be made
	}
	defer tier.Close() // after the cache
	vectors, err := cache.New(cache.Options{Store: tier})
	if err != nil {
		return err
	}
	defer vectors.Close()
	e := embedding.Chain(embedtest.NewFake(embedtest.FakeOptions{}), vectors.Wrap)
	res, err := e.Embed(context.Background(), embedding.Request{Texts: []string{"red", "blue"}})
	if err != nil {
		return err
	}
	fmt.Printf("%d request, %d from the cache\n", res.Usage.Requests, res.Usage.Reused)
	return nil
}
