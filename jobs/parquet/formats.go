package parquet

import (
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/vecspace/embedding/jobs"
)

// Formats returns the formats of this package.
func Formats() jobs.Formats {
	return jobs.Formats{
		Tables:  map[string]func(io.ReaderAt, int64, []string) (jobs.Table, error){"parquet": open},
		Inflate: map[string]func(io.Reader) (io.Reader, error){"zstd": inflate},
		Vectors: map[string]jobs.VectorFormat{"parquet": {Create: create, Open: openVectors}},
	}
}

// maxWindow is what decompressing may need in memory: that of zstd --long.
const maxWindow = 128 << 20

func inflate(in io.Reader) (io.Reader, error) {
	return zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
}
