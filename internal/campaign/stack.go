package main

import (
	"net/http"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai"
)

const (
	modelName  = "text-embedding-v4"
	dimensions = 64

	timeout  = 3 * time.Second        // of an attempt
	cooldown = 50 * time.Millisecond  // of the breaker, first
	ping     = 500 * time.Millisecond // of silence before an HTTP/2 connection is asked, and for its answer
	slots    = 48                     // requests at once, fewer than there are callers
)

// stack is how the client is built. The zero value is the one that most trials have.
type stack struct {
	limit   middleware.LimitOptions // zero: slots in flight and rates that are never reached
	base64  bool                    // through the provider openai, which can ask for base64
	regions bool                    // Fallback over both emulators
	h2      bool                    // all requests share connections of HTTP/2

	forgetful, hasty bool // without the cache; without retries: to show that the campaign notices
}

// client is a stack and what has to be closed after it.
type client struct {
	embedding.Embedder
	cache     *cache.Cache
	transport *http.Transport
	nat       *nat // on the way to the service
}

func (c *client) close() {
	c.cache.Close()
	c.transport.CloseIdleConnections()
}

// open builds the stack over the emulators at the base URLs.
func (s stack) open(m *meter, outage time.Duration, bases ...string) (*client, error) {
	vectors, err := cache.New(cache.Options{MaxBytes: 64 << 20})
	if err != nil {
		return nil, err
	}
	way := new(nat)
	c := &client{cache: vectors, nat: way, transport: &http.Transport{MaxIdleConnsPerHost: slots, DisableCompression: true, DialContext: way.dial}}
	if s.h2 {
		c.transport.Protocols = new(http.Protocols)
		c.transport.Protocols.SetUnencryptedHTTP2(true)
		c.transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: ping, PingTimeout: ping}
	}
	retry := middleware.RetryOptions{Budget: 2*time.Minute + outage, Pause: 20 * time.Millisecond, MaxPause: 500 * time.Millisecond}
	if s.hasty {
		retry.Budget = -1
	}
	limit := s.limit
	if limit == (middleware.LimitOptions{}) {
		limit = middleware.LimitOptions{RPM: 10_000 * 60, TPM: 10_000_000 * 60}
	}
	limit.InFlight = slots
	breaker := middleware.BreakerOptions{Cooldown: cooldown}
	var providers []embedding.Embedder
	for _, base := range bases {
		p, err := s.provider(base, &http.Client{Transport: c.transport})
		if err != nil {
			vectors.Close()
			return nil, err
		}
		providers = append(providers, p)
	}
	o := middleware.StackOptions{
		Observe: m.observe, Dimensions: dimensions, Cache: vectors.Wrap, // each region has limits and a circuit of its own
		StandardOptions: middleware.StandardOptions{Retry: retry, Breaker: breaker, Limit: limit, Timeout: timeout, Attempts: m.attempt},
	}
	if s.forgetful {
		o.Cache = nil
	}
	if !s.regions {
		providers = providers[:1]
	}
	if c.Embedder, err = middleware.Stack(o, providers...); err != nil {
		vectors.Close()
		return nil, err
	}
	return c, nil
}

// provider is one emulator without any middleware.
func (s stack) provider(base string, h *http.Client) (embedding.Embedder, error) {
	if s.base64 {
		return openai.New(openai.Options{
			BaseURL: base, Key: emulator.DefaultKey, Model: modelName, Dimensions: dimensions, EncodingFormat: "base64",
			Limits: embedding.Limits{Texts: 10}, HTTPClient: h,
		})
	}
	return dashscope.New(dashscope.Options{
		BaseURL: base, Key: emulator.DefaultKey, Model: modelName, Dimensions: dimensions, HTTPClient: h,
		Space: "dashscope/" + modelName, // one for both regions, whose addresses differ
	})
}
