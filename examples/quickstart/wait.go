package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/vecspace/embedding/adapters/chromem"
)

// pause is the time between two tries to change a folder that another run is changing.
const pause = 200 * time.Millisecond

// waiting calls try until no other run is changing the folder, and says so once.
func waiting(ctx context.Context, log io.Writer, dir string, try func() error) error {
	for said := false; ; said = true {
		err := try()
		if !errors.Is(err, chromem.ErrInUse) {
			return err
		}
		if !said {
			fmt.Fprintf(log, "another run is changing %s; waiting until it is done\n", dir)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
