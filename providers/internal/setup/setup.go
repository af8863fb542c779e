// Package setup is what the providers' New functions share: from options and a vendor's table to
// keys, hosts, limits, dimensions and spaces.
package setup

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/wire"
	"github.com/vecspace/embedding/providers/ref"
)

// Open decodes the options of a reference into o, which has its model, and hands them to make.
func Open[O, T any](r ref.Ref, o O, make func(O) (T, error)) (made T, err error) {
	if err := r.Decode(&o); err != nil {
		return made, err
	}
	return make(o)
}

// Key returns the given key, or the one in an environment variable, and the name of its source.
func Key(given, variable string) (key, from string) {
	if given != "" {
		return given, "Options.Key"
	}
	return strings.TrimSpace(os.Getenv(variable)), variable
}

// RequiredKey is [Key] for a vendor that needs one. It reads the vendor's own variable for the
// vendor's own hosts and for this machine only: a key does not travel to whatever host a reference
// names unless the user names a variable beside it. If a variable is empty, from is its name.
func RequiredKey(given, named, own, baseURL string, hosts ...string) (key, from string, err error) {
	if given == "" && named == "" && !Trusted(baseURL, hosts...) {
		return "", "", fmt.Errorf("no API key for %s: name its variable in Options.KeyEnv (key_env= in a reference); "+
			"%s is for the vendor's own address", Host(baseURL), own)
	}
	if key, from = Key(given, cmp.Or(named, own)); key == "" {
		return "", from, fmt.Errorf("no API key: set the variable %s", from)
	}
	return key, from, nil
}

// Trusted reports whether a base URL belongs to one of a vendor's own hosts or to this machine.
// Text that is no URL is trusted too: it gets nowhere.
func Trusted(baseURL string, hosts ...string) bool {
	host := Host(baseURL)
	return host == "" || wire.Loopback(host) || Within(host, hosts...)
}

// Host returns the host of a base URL: a name in lower case, without a port. It returns "" for text
// that is no URL; [wire.ParseBase] says what is wrong with it.
func Host(baseURL string) string {
	u, err := url.Parse(strings.TrimSpace(baseURL))
	if err != nil {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
}

// Within reports whether a host, as [Host] returns it, is one of hosts or below one of them.
func Within(host string, hosts ...string) bool {
	return slices.ContainsFunc(hosts, func(h string) bool { return host == h || strings.HasSuffix(host, "."+h) })
}

// Limits returns a table's limits. Each limit above 0 in asked replaces the table's.
func Limits(asked, table embedding.Limits) embedding.Limits {
	return embedding.Limits{
		Texts:      cmp.Or(max(asked.Texts, 0), table.Texts),
		Tokens:     cmp.Or(max(asked.Tokens, 0), table.Tokens),
		Bytes:      cmp.Or(max(asked.Bytes, 0), table.Bytes),
		TextTokens: cmp.Or(max(asked.TextTokens, 0), table.TextTokens),
	}
}

// mostDimensions is far above the 4,096 of the largest models today. An answer's vectors are
// allocated before they are read, so a slip of the user's must not take gigabytes.
const mostDimensions = 65_536

// Lengths checks options that give the length of vectors. 0 is not given.
func Lengths(options ...int) error {
	for _, n := range options {
		switch {
		case n < 0:
			return fmt.Errorf("dimensions are %d; a vector has at least 1 dimension", n)
		case n > mostDimensions:
			return fmt.Errorf("dimensions are %d; a vector has at most %d", n, mostDimensions)
		}
	}
	return nil
}

// Dimensions returns the length of vectors to ask a model for. That is asked, which must be among
// the lengths on offer, or the first of those if asked is 0.
func Dimensions(model string, offered []int, asked int) (int, error) {
	if err := Lengths(asked); err != nil {
		return 0, err
	}
	switch {
	case len(offered) == 0 || slices.Contains(offered, asked):
		return asked, nil
	case asked == 0:
		return offered[0], nil
	case len(offered) == 1:
		return 0, fmt.Errorf("%s has no %d dimensions, it has %d only", model, asked, offered[0])
	}
	return 0, fmt.Errorf("%s has no %d dimensions; it has %s", model, asked, Numbers(offered))
}

// Numbers lists numbers for a message.
func Numbers(ns []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(ns), " ", ", "), "[]")
}

// Origin returns the [embedding.Model].Origin of a vendor's models at a base URL. It is the
// vendor's name for its own hosts and those below them. Any other server (an emulator, a proxy) may
// serve anything under a model's name, so its [Address] is added.
func Origin(vendor, baseURL, api string, own ...string) string {
	host := Host(baseURL)
	if host == "" || Within(host, own...) {
		return vendor
	}
	return vendor + "@" + Address(baseURL, api)
}

// LocalOrigin is [Origin] for a server that people run themselves. Only the one at its usual
// address on this machine goes without an Address.
func LocalOrigin(vendor, baseURL, usual string) string {
	address := Address(baseURL, "")
	if address == "" || strings.Replace(address, "localhost", "127.0.0.1", 1) == Address(usual, "") {
		return vendor
	}
	return vendor + "@" + address
}

// Space names the space of a model that its vendor calls id in any other place too, "" if the
// dimensions are unknown.
func Space(origin, id string, dims int) embedding.Space {
	if dims == 0 {
		return ""
	}
	return embedding.Space(fmt.Sprintf("%s/%s@%d", origin, id, dims))
}

// Address names the server at a base URL: its host, its port unless that is 443, and the path
// in front of the API's own path, such as /v1. A port has one server, whatever the scheme. An
// Address has ~ for each slash, so that a model's name can follow behind a slash. It ends in ~ if
// the base URL does not end in the API's path.
func Address(baseURL, api string) string {
	u, err := url.Parse(strings.TrimSpace(baseURL))
	if err != nil {
		return ""
	}
	port := cmp.Or(u.Port(), "443")
	if u.Port() == "" && u.Scheme == "http" {
		port = "80"
	}
	address := Host(baseURL)
	switch {
	case port != "443":
		address = net.JoinHostPort(address, port)
	case strings.Contains(address, ":"):
		address = "[" + address + "]"
	}
	path, found := strings.CutSuffix(strings.TrimRight(u.EscapedPath(), "/"), api)
	if !found {
		path += "/"
	}
	return address + strings.NewReplacer("~", "%7E", "/", "~").Replace(path)
}

// Cut adds to a Variant that texts are cut where they are too long: a chain that refuses them must
// not find a cut text's vector in a cache.
func Cut(variant string, truncate bool) string {
	if !truncate {
		return variant
	}
	return strings.TrimPrefix(variant+",truncate", ",")
}

// Pick returns the model of a table that has a name. A name that the table does not have is an
// error that lists the table, or, if unlisted allows it, found is false.
func Pick[M any](models []M, id func(M) string, name string, unlisted bool) (m M, found bool, err error) {
	if at := slices.IndexFunc(models, func(m M) bool { return id(m) == name }); at >= 0 {
		return models[at], true, nil
	}
	switch known := Names(models, id); {
	case name == "":
		err = fmt.Errorf("no model is named; there are %s", known)
	case !unlisted:
		err = fmt.Errorf("there is no model %q in the table; there are %s "+
			"(Options.Unlisted, unlisted=true in a reference, passes others)", name, known)
	}
	return m, false, err
}

// Names lists the models of a table for a message.
func Names[M any](models []M, id func(M) string) string {
	names := make([]string, len(models))
	for i, m := range models {
		names[i] = id(m)
	}
	return strings.Join(names, ", ")
}
