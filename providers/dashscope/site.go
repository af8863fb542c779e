package dashscope

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/vecspace/embedding/providers/dashscope/internal/models"
	"github.com/vecspace/embedding/providers/internal/setup"
)

// The paths of the OpenAI-compatible API and of the native one.
const (
	compatible = "/compatible-mode/v1"
	native     = "/api/v1"
)

// api returns the path of the API to ask.
func (o Options) api() string {
	if o.Native {
		return native
	}
	return compatible
}

// site is the server to ask.
type site struct {
	region string // as in Options; "" if unknown
	base   string
	host   string // of base, as setup.Host returns it
	asked  bool   // the environment names base
}

func (o Options) site() (site, error) {
	regions := models.Regions()
	at := slices.IndexFunc(regions, func(r models.Region) bool { return r.Name == o.Region })
	if o.Region != "" && at < 0 {
		return site{}, fmt.Errorf("there is no region %q; there are %s", o.Region, regionNames(regions, func(models.Region) bool { return true }))
	}
	variable := BaseURLVariable
	if o.Native {
		variable = NativeBaseURLVariable
	}
	base, asked := strings.TrimSpace(o.BaseURL), strings.TrimSpace(os.Getenv(variable))
	switch {
	case base != "" && o.Workspace != "":
		return site{}, errors.New("both a base URL and a workspace are given: leave one out")
	case base != "":
	case o.Workspace != "":
		r := regions[max(at, 0)]
		if r.Zone == "" {
			return site{}, fmt.Errorf("no workspace hosts are known in region %q; they are in %s, else give the base URL",
				r.Name, regionNames(regions, func(r models.Region) bool { return r.Zone != "" }))
		}
		if strings.Trim(o.Workspace, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
			return site{}, errors.New("a workspace's id has letters, digits and hyphens only")
		}
		base = "https://" + o.Workspace + "." + r.Zone + ".maas.aliyuncs.com" + o.api()
	case asked != "":
		base = asked
	default:
		if base = o.baseOf(regions[max(at, 0)]); base == "" {
			return site{}, fmt.Errorf("region %q is reached through a workspace's host only: give the workspace", o.Region)
		}
	}
	s := site{region: o.Region, base: base, asked: base == asked}
	u, err := url.Parse(base)
	if err != nil {
		return s, nil
	}
	s.host = setup.Host(base)
	s.region = cmp.Or(o.Region, regionOf(s.host))
	switch path := strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/embeddings"); {
	case o.Native && (s.own() && path != native || strings.HasSuffix(path, compatible)):
		return s, fmt.Errorf("the base URL of %q does not end in %s, where the service's own API is", s.host, native)
	case !o.Native && s.own() && path != compatible:
		return s, fmt.Errorf("the base URL of %q does not end in %s, where the OpenAI-compatible API is", s.host, compatible)
	}
	return s, nil
}

// baseOf returns the base URL of a region's API, "" if it has none.
func (o Options) baseOf(r models.Region) string {
	if host, ok := strings.CutSuffix(r.BaseURL, compatible); ok {
		return host + o.api()
	}
	return ""
}

// ownHost is the domain of the service's hosts.
const ownHost = "aliyuncs.com"

// own reports whether the host is the service's.
func (s site) own() bool { return setup.Within(s.host, ownHost) }

// key returns the key to send and its source. DASHSCOPE_API_KEY travels to the service's own hosts,
// to this machine, and where the user's environment says.
func (o Options) key(s site) (key, from string, err error) {
	trusted := []string{"dashscope.aliyuncs.com", "maas.aliyuncs.com"} // others have hosts under aliyuncs.com too
	for _, r := range models.Regions() {
		trusted = append(trusted, setup.Host(r.BaseURL))
	}
	if s.asked {
		trusted = append(trusted, s.host)
	}
	key, from, err = setup.RequiredKey(o.Key, o.KeyEnv, KeyVariable, s.base, trusted...)
	if from != "" && err != nil {
		err = fmt.Errorf("no API key: set the variable %s to a key of %s", from, s.place())
	}
	return key, from, err
}

// place names the region and the host for messages.
func (s site) place() string {
	host := cmp.Or(s.host, "the given base URL")
	for _, r := range models.Regions() {
		if r.Name == s.region {
			return "region " + r.Name + ", " + r.Label + ", at " + host
		}
	}
	return host
}

func regionNames(regions []models.Region, keep func(models.Region) bool) string {
	var names []string
	for _, r := range regions {
		if keep(r) {
			names = append(names, r.Name)
		}
	}
	return strings.Join(names, ", ")
}

// regionOf returns the region of a host, which is in lower case, or "" for a foreign host.
func regionOf(host string) string {
	workspace, zone := "", ""
	if rest, ok := strings.CutSuffix(host, ".maas.aliyuncs.com"); ok {
		workspace, zone, _ = strings.Cut(rest, ".")
	}
	byZone := ""
	for _, r := range models.Regions() {
		if r.BaseURL != "" && setup.Host(r.BaseURL) == host {
			return r.Name
		}
		if workspace != "" && r.Zone != "" && r.Zone == zone {
			byZone = r.Name
		}
	}
	return byZone
}
