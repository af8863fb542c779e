package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// added measures a request of ten texts in base64, directly, through the server and through the
// standard library's proxy, in turns: what the last one adds is the machine's.
func (b *bench) added() error {
	p, err := b.serve("", "-cache-bytes", "0")
	if err != nil {
		return err
	}
	defer p.stop()
	address, err := free()
	if err != nil {
		return err
	}
	proxy, err := b.child("proxy "+strings.TrimSuffix(b.upstream, "/v1"), address)
	if err != nil {
		return err
	}
	defer proxy.stop()
	ten := func(int) []byte { return body("m", "base64", "a text", 10) }
	var direct, through, floor load
	const turns = 5
	for range turns {
		d, err := drive(b.ctx, b.upstream, 1, b.n/turns, ten)
		if err != nil {
			return err
		}
		t, err := drive(b.ctx, p.base, 1, b.n/turns, ten)
		if err != nil {
			return err
		}
		f, err := drive(b.ctx, proxy.base, 1, b.n/turns, ten)
		if err != nil {
			return err
		}
		direct.took, through.took, floor.took = append(direct.took, d.took...), append(through.took, t.took...), append(floor.took, f.took...)
		if t.status[http.StatusOK] != b.n/turns {
			return fmt.Errorf("the server answers %v", t.status)
		}
	}
	slices.Sort(direct.took)
	slices.Sort(through.took)
	slices.Sort(floor.took)
	for _, q := range []struct {
		share float64
		name  string
		most  time.Duration
	}{{0.5, "p50", 800 * time.Microsecond}, {0.99, "p99", 3 * time.Millisecond}} {
		d, t, f := direct.at(q.share), through.at(q.share), floor.at(q.share)
		b.say(fmt.Sprintf("added to 10 x 1,024 in base64, %s", q.name), fmt.Sprintf("%.2f ms (%.2f - %.2f); httputil's bare proxy adds %.2f", ms(t-d), ms(t), ms(d), ms(f-d)), fmt.Sprintf("%.1f ms", ms(q.most)), t-d <= q.most)
	}
	return nil
}
