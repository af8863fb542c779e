package check

import (
	"context"
	"errors"

	"github.com/vecspace/embedding"
)

// access finds out whether the service knows the key, in the region that is asked, and the model.
func (c *Check) access(ctx context.Context) error {
	keyed := c.keyName()
	key := Finding{Check: "key", Says: "none is needed", Found: "not asked for", Verdict: Agrees}
	if keyed != "" {
		key.Says, key.Found = "in "+keyed, "accepted"
	}
	region := Finding{Check: "region", Says: c.ref.Values["region"], Verdict: Agrees}
	if region.Says == "" {
		region.Says = "the provider's default"
	}
	region.Found = "the key works there"
	model := Finding{Check: "model", Says: c.model.ID, Found: "served", Verdict: Agrees}

	_, err := c.one(ctx, c.e, sentences[0])
	if errors.Is(err, embedding.Auth) {
		refused := err
		if other := c.otherRegion(ctx); other != "" {
			region.Verdict, region.Found, region.Reason = Differs, "the key belongs to "+other, reason(refused)
			region.Options, err = map[string]string{"region": other}, nil
		}
	}
	switch e, answered := errors.AsType[*embedding.Error](err); {
	case err == nil:
	case errors.Is(err, embedding.Auth):
		key.Verdict, key.Found, key.Reason = Differs, "refused", reason(err)
		c.add(key)
		for _, name := range []string{"region", "model"} {
			if name == "model" || c.regional() {
				c.add(Finding{Check: name, Verdict: NotAsked, Reason: "the key is refused"})
			}
		}
		return fatalError{errors.New("the key is refused")}
	case answered && e.Status >= 200 && e.Status < 300: // vectors came; other steps say what is wrong with them
	case errors.Is(err, embedding.Malformed): // so they did, and the guard refused them
	case saysNothing(err):
		return c.unreached(err)
	default:
		key.Found = "not refused"
		model.Verdict, model.Found, model.Reason = Differs, "refused", reason(err)
	}
	c.add(key)
	if c.regional() {
		c.add(region)
	}
	c.add(model)
	if model.Verdict == Differs {
		return fatalError{errors.New("the model is refused")}
	}
	return nil
}

// unreached reports that nothing could be asked.
func (c *Check) unreached(err error) error {
	for _, name := range []string{"key", "region", "model"} {
		if name != "region" || c.regional() {
			c.add(Finding{Check: name, Verdict: NotAsked, Reason: reason(err)})
		}
	}
	return fatalError{err}
}

// regional reports whether the provider has regions.
func (c *Check) regional() bool {
	return len(c.regions()) > 0 || c.ref.Values["region"] != ""
}

// regions returns those of the catalog's prices.
func (c *Check) regions() (all []string) {
	for _, p := range c.entry.Prices {
		if p.Region != "" {
			all = append(all, p.Region)
		}
	}
	return all
}

// otherRegion returns a region in which the key is good. If the reference or the environment gives
// an address, every region is at that address, and none is asked.
func (c *Check) otherRegion(ctx context.Context) string {
	for _, region := range c.regions() {
		e, err := c.open(map[string]string{"region": region})
		if err != nil || e.Model().Endpoint == c.model.Endpoint {
			continue
		}
		if _, err := c.one(ctx, e, sentences[0]); err == nil {
			c.fix(map[string]string{"region": region})
			c.e = e
			return region
		}
	}
	return ""
}
