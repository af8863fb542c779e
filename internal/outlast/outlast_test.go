package outlast

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding/internal/expect"
)

func TestContext(t *testing.T) {
	type key struct{}
	for name, c := range map[string]struct {
		end  func(caller, stop context.CancelFunc)
		want error
	}{
		"nothing ends":      {func(_, _ context.CancelFunc) {}, context.DeadlineExceeded},
		"the caller leaves": {func(caller, _ context.CancelFunc) { caller() }, context.Canceled},
		"the work stops":    {func(_, stop context.CancelFunc) { stop() }, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stop, cancel := context.WithCancel(t.Context())
				caller, leave := context.WithTimeout(context.WithValue(stop, key{}, 7), time.Minute)
				defer leave()
				own, end := Context(caller, stop)
				defer end()
				expect.Equal(t, "value", own.Value(key{}), any(7))
				c.end(leave, cancel)
				synctest.Wait()
				if c.want == context.DeadlineExceeded {
					expect.NoError(t, own.Err())
					time.Sleep(time.Minute)
					synctest.Wait()
				}
				expect.Equal(t, "error", own.Err(), c.want)
				cancel()
			})
		})
	}
}
