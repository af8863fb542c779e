package main

import (
	"fmt"
	"strconv"
)

// hits measures hits of the cache by a server on one core, and its memory after 100,000 requests
// with a cache that is full.
func (b *bench) hits() error {
	p, err := b.serve("GOMAXPROCS=1", "-cache-bytes", strconv.Itoa(16<<20))
	if err != nil {
		return err
	}
	const all, texts = 100_000, 3_500 // 3,500 vectors nearly fill the cache
	l, err := drive(b.ctx, p.base, 8, all, func(i int) []byte { return body("m", "base64", fmt.Sprint("text ", i%texts), 1) })
	memory := p.memory()
	cpu := p.stop()
	if err != nil {
		return err
	}
	perCPU := all / cpu.Seconds()
	b.say("hits of the cache, one text in base64", fmt.Sprintf("%.0f/s of CPU, %.0f/s on the clock beside the client", perCPU, l.rate()), "5,000/s on one core", perCPU >= 5000)
	b.say("resident memory after 100,000 requests, a cache of 16 MiB that is full", fmt.Sprintf("%.0f MB", memory), "64 MB", memory > 0 && memory < 64)
	return nil
}

// floats compares answers in floats with those of a server that prints by encoding/json. Both have
// the same vectors at hand.
func (b *bench) floats() error {
	var rates [2]float64
	for i, how := range []string{"ours", "json"} {
		address, err := free()
		if err != nil {
			return err
		}
		p, err := b.child(how, address)
		if err != nil {
			return err
		}
		n := max(200, b.n/3)
		_, err = drive(b.ctx, p.base, 2, n, func(int) []byte { return body("m", "float", "a text", 10) })
		cpu := p.stop()
		if err != nil {
			return err
		}
		rates[i] = float64(n) / cpu.Seconds()
	}
	b.say("10 x 1,024 in floats beside encoding/json", fmt.Sprintf("%.2fx (%.0f and %.0f/s of CPU)", rates[0]/rates[1], rates[0], rates[1]), "1.5x", rates[0] >= 1.5*rates[1])
	return nil
}
