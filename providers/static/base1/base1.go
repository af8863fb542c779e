// Package base1 links the first edition of static:base, for vectors that it made. After
//
//	import _ "github.com/vecspace/embedding/providers/static/base1"
//
// the reference static:base1 and static.Options.Model "base1" open it. Its vectors, its tokenizer
// and its Space are those of static:base before the second edition. It adds 5.8 MB to a program.
// The command vecspace links it.
package base1

import (
	_ "embed" // the weights

	"github.com/vecspace/embedding/providers/static/internal/linked"
)

//go:embed weights.bin
var weights string

func init() { linked.Base1 = weights }
