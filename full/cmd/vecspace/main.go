// Command vecspace is the full build of the framework's command line: the commands of
// github.com/vecspace/embedding/cmd/vecspace with all parts of package full.
package main

import (
	"github.com/vecspace/embedding/full"
	"github.com/vecspace/embedding/internal/command"
	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/jobs/bucket"
	"github.com/vecspace/embedding/jobs/parquet"
)

// formats are those of all nested modules.
func formats() jobs.Formats {
	f := parquet.Formats()
	f.Stores = bucket.Stores()
	return f
}

func main() {
	command.Main(command.Parts{Parts: full.Parts(), Meeting: meeting{}, Tables: postgres{}, Formats: formats()})
}
