package jsonhttp

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// Key returns the key that was given, or the one in an environment variable, and where it is from.
func Key(given, variable string) (key, from string) {
	if given != "" {
		return given, "Options.Key"
	}
	return strings.TrimSpace(os.Getenv(variable)), variable
}

// Limits returns a table's limits, each replaced by the one asked for where that is above 0.
func Limits(asked, table embedding.Limits) embedding.Limits {
	return embedding.Limits{
		Texts:      cmp.Or(max(asked.Texts, 0), table.Texts),
		Tokens:     cmp.Or(max(asked.Tokens, 0), table.Tokens),
		Bytes:      cmp.Or(max(asked.Bytes, 0), table.Bytes),
		TextTokens: cmp.Or(max(asked.TextTokens, 0), table.TextTokens),
	}
}

// Dimensions returns the length of vectors to ask a model for: what was asked for, which has to be among those on offer,
// or the first of them.
func Dimensions(model string, offered []int, asked int) (int, error) {
	switch {
	case asked < 0:
		return 0, fmt.Errorf("dimensions are %d; a vector has at least 1", asked)
	case len(offered) == 0 || slices.Contains(offered, asked):
		return asked, nil
	case asked == 0:
		return offered[0], nil
	case len(offered) == 1:
		return 0, fmt.Errorf("%s has no %d dimensions, it has %d only", model, asked, offered[0])
	}
	return 0, fmt.Errorf("%s has no %d dimensions; it has %s", model, asked, strings.Trim(strings.ReplaceAll(fmt.Sprint(offered), " ", ", "), "[]"))
}

// Space names the space of a vendor's model. A server that is not the vendor's own (an emulator, a proxy) may serve
// anything under the name, so its host, without the port, is part of it. An own host stands for those below it too.
func Space(provider, baseURL, model string, dims int, own ...string) embedding.Space {
	u, err := url.Parse(strings.TrimSpace(baseURL))
	if err != nil || dims == 0 {
		return ""
	}
	if !within(u.Hostname(), own) {
		provider += "@" + strings.ToLower(u.Hostname())
	}
	return embedding.Space(fmt.Sprintf("%s/%s@%d", provider, model, dims))
}

// Pick returns the model of a table that is named. One that the table does not know is an error that names those it knows,
// or, where unlisted allows it, found is false.
func Pick[M any](models []M, id func(M) string, name string, unlisted bool) (m M, found bool, err error) {
	names := make([]string, len(models))
	for i, m := range models {
		if names[i] = id(m); names[i] == name {
			return m, true, nil
		}
	}
	known := strings.Join(names, ", ")
	switch {
	case name == "":
		return m, false, fmt.Errorf("no model is named; there are %s", known)
	case !unlisted:
		return m, false, fmt.Errorf("there is no model %q in the table; there are %s "+
			"(Options.Unlisted, unlisted=true in a reference, passes others)", name, known)
	}
	return m, false, nil
}

// RequiredKey is Key for a vendor that needs one. The vendor's own variable is read for the vendor's own hosts and for this
// machine; a key does not travel to whatever host a reference names unless a variable is named beside it.
func RequiredKey(given, named, own, baseURL string, hosts ...string) (key, from string, err error) {
	if given == "" && named == "" && !Trusted(baseURL, hosts...) {
		return "", "", fmt.Errorf("no API key for %s: name its variable in Options.KeyEnv (key_env= in a reference); "+
			"%s is for the vendor's own address", hostOf(baseURL), own)
	}
	if key, from = Key(given, cmp.Or(named, own)); key == "" {
		return "", "", fmt.Errorf("no API key: set the variable %s", from)
	}
	return key, from, nil
}

// Trusted reports whether a base URL is one of a vendor's own hosts, or this machine. One that is no URL is: it gets nowhere.
func Trusted(baseURL string, hosts ...string) bool {
	host := hostOf(baseURL)
	return host == "" || wire.Loopback(host) || within(host, hosts)
}

func hostOf(baseURL string) string {
	u, err := url.Parse(strings.TrimSpace(baseURL))
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// within reports whether a host is one of hosts or below one.
func within(host string, hosts []string) bool {
	host = strings.ToLower(host)
	return slices.ContainsFunc(hosts, func(h string) bool { return host == h || strings.HasSuffix(host, "."+h) })
}
