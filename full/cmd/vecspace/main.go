// Command vecspace is the full build of the framework's command line: the commands of
// github.com/vecspace/embedding/cmd/vecspace with all parts of package full.
package main

import (
	"github.com/vecspace/embedding/full"
	"github.com/vecspace/embedding/internal/command"
	"github.com/vecspace/embedding/jobs/parquet"
)

func main() {
	command.Main(command.Parts{Parts: full.Parts(), Meeting: meeting{}, Tables: postgres{}, Formats: parquet.Formats()})
}
