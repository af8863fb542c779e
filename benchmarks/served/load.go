package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// load is what a number of requests took.
type load struct {
	took   []time.Duration // sorted
	whole  time.Duration
	status map[int]int
}

func (l load) at(share float64) time.Duration {
	return l.took[min(len(l.took)-1, int(share*float64(len(l.took))))]
}
func (l load) rate() float64 { return float64(len(l.took)) / l.whole.Seconds() }

// drive sends n requests over some connections.
func drive(ctx context.Context, url string, connections, n int, next func(i int) []byte) (load, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}}
	defer client.CloseIdleConnections()
	l := load{took: make([]time.Duration, n), status: map[int]int{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed error
	begin := time.Now()
	for c := range connections {
		wg.Go(func() {
			for i := c; i < n; i += connections {
				start := time.Now()
				r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/embeddings", bytes.NewReader(next(i)))
				if err == nil {
					r.Header.Set("Content-Type", "application/json")
					r.Header.Set("Authorization", "Bearer sk-test")
					var res *http.Response
					if res, err = client.Do(r); err == nil {
						_, err = io.Copy(io.Discard, res.Body)
						_ = res.Body.Close()
						mu.Lock()
						l.status[res.StatusCode]++
						mu.Unlock()
					}
				}
				if err != nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
					return
				}
				l.took[i] = time.Since(start)
			}
		})
	}
	wg.Wait()
	l.whole = time.Since(begin)
	slices.Sort(l.took)
	return l, failed
}
