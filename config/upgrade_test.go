package config_test

import (
	"os"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/upgrade"
)

// TestUpgrade loads a file with every field that an earlier version had.
func TestUpgrade(t *testing.T) {
	path := upgrade.Copy(t, "v0/config.yaml", func(path string) {
		expect.NoError(t, os.WriteFile(path, []byte(full), 0o644))
	})
	s, err := config.Load(path, config.Parts{})
	expect.NoError(t, err)
	t.Cleanup(func() { expect.NoError(t, s.Close()) })
	expect.Equal(t, "names", s.Names(), []string{"small", "spread"})
	for name, dimensions := range map[string]int{"small": 64, "spread": 256} {
		e, err := s.Embedder(name)
		expect.NoError(t, err)
		v, err := embedding.Documents(t.Context(), e, []string{"The cat sleeps on the sofa."})
		expect.NoError(t, err)
		expect.Equal(t, "dimensions of "+name, len(v[0]), dimensions)
	}
	expect.NoError(t, os.Truncate(path, 30))
	_, err = config.Load(path, config.Parts{})
	expect.Says(t, "loading a file cut short", err, path)
}
