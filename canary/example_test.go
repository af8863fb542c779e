package canary_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/canary"
	"github.com/vecspace/embedding/embedtest"
)

func ExampleCheck() {
	ctx := context.Background()
	e := embedtest.NewFake(embedtest.FakeOptions{}) // in place of providers.Open
	ref, err := canary.Record(ctx, e, canary.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(canary.Check(ctx, e, ref))

	// Months later the provider serves another model under the same name.
	successor := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "successor"}})
	renamed := embedding.Wrap(successor, e.Model(), successor.Embed)
	err = canary.Check(ctx, renamed, ref)
	if drift, ok := errors.AsType[*canary.Drift](err); ok {
		fmt.Printf("%s: %d of %d moved\n", drift.Change, drift.Moved, drift.Compared)
	}
	// Output:
	// <nil>
	// vectors: 22 of 22 moved
}
