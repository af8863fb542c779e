package command

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/local"
)

// entry is an object of -json. What is not known is left out.
type entry struct {
	Reference  string     `json:"reference"`
	Provider   string     `json:"provider"`
	Model      string     `json:"model"`
	Key        string     `json:"key,omitempty"` // the environment variable
	Dimensions dimensions `json:"dimensions,omitzero"`
	Limits     limits     `json:"limits,omitzero"`
	Tasks      bool       `json:"tasks"`
	Prefix     string     `json:"prefix,omitempty"`
	Normalized bool       `json:"normalized"`
	Prices     []price    `json:"prices,omitempty"`
	Status     string     `json:"status"` // documented or unverified
	Unverified string     `json:"unverified,omitempty"`
}

type dimensions struct {
	Default int   `json:"default"`
	Min     int   `json:"min"`
	Max     int   `json:"max"`
	OneOf   []int `json:"one_of,omitempty"`
}

type limits struct {
	Texts      int `json:"texts,omitempty"`
	Tokens     int `json:"tokens,omitempty"`
	Bytes      int `json:"bytes,omitempty"`
	TextTokens int `json:"text_tokens,omitempty"`
}

type price struct {
	Region     string  `json:"region,omitempty"`
	PerMillion float64 `json:"per_million"`
	Currency   string  `json:"currency"`
	AsOf       string  `json:"as_of"`
	Batch      float64 `json:"batch,omitempty"` // the part of it that the batch API takes
}

// builtin returns the providers of package providers, and local, which that package does not link.
func builtin() providers.Table {
	t := providers.Builtin()
	t["local"] = local.Open
	return t
}

// models returns what is known of the models of builtin, sorted by provider.
func models() []catalog.Entry {
	all := append(providers.Catalog(), local.Catalog()...)
	slices.SortStableFunc(all, func(a, b catalog.Entry) int { return cmp.Compare(a.Provider, b.Provider) })
	return all
}

func listProviders(_ context.Context, args []string, std streams) error {
	fs := flag.NewFlagSet("vecspace providers", flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), "usage: vecspace providers [PROVIDER…] [FLAGS]\n\n"+
			"Lists the models of all providers, or of those that are named: the variable of the key, the default\n"+
			"dimensions, texts of a request, tokens of a text, and the price of a million tokens (+: it is another\n"+
			"one in some region). ? is unknown, - none. -json has the rest: regions, other dimensions, dates, and\n"+
			"what was not checked against the provider's own word. Providers take other models too.\n"+
			"Below the table are the models whose cards ask for prefixes that are not set by default.\n\n")
		fs.PrintDefaults()
	}
	asJSON := fs.Bool("json", false, "print a JSON array instead of a table")
	names, err := parse(fs, args, std)
	if err != nil {
		return err
	}
	all := models()
	var known []string
	for _, e := range all {
		known = append(known, e.Provider)
	}
	known = slices.Compact(known)
	for _, name := range names {
		if !slices.Contains(known, name) {
			return usagef("there is no provider %q; there are %s", name, strings.Join(known, ", "))
		}
	}
	if len(names) > 0 {
		all = slices.DeleteFunc(all, func(e catalog.Entry) bool { return !slices.Contains(names, e.Provider) })
	}
	if *asJSON {
		return printEntries(std.out, all)
	}
	return tabulate(std.out, all)
}

func printEntries(w io.Writer, all []catalog.Entry) error {
	out := make([]entry, len(all))
	for i, e := range all {
		out[i] = entry{
			Reference: e.Reference, Provider: e.Provider, Model: e.Model, Key: e.Key,
			Dimensions: dimensions(e.Dimensions), Limits: limits(e.Limits), Tasks: e.Tasks, Prefix: e.Prefix, Normalized: e.Normalized,
			Status: status(e), Unverified: e.Unverified,
		}
		for _, p := range e.Prices {
			out[i].Prices = append(out[i].Prices, price{p.Region, p.PerMillion, p.Currency, p.AsOf, p.Batch})
		}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

func status(e catalog.Entry) string {
	if e.Unverified == "" {
		return "documented"
	}
	return "unverified"
}

// tabulate prints a model a line, in at most 100 columns: a terminal does not wrap them. To save
// columns, the key's variable ends where the longest pair of a reference and a key does.
func tabulate(w io.Writer, all []catalog.Entry) error {
	rows := [][]string{{"REFERENCE", "KEY", "DIMS", "TEXTS", "TOKENS", "PRICE/1M"}}
	both := 0
	for _, e := range all {
		key := e.Key
		if key == "" {
			key = "-"
		}
		both = max(both, len(e.Reference)+2+len(key))
		rows = append(rows, []string{e.Reference, key, number(e.Dimensions.Default), number(e.Limits.Texts), number(e.Limits.TextTokens), priced(e)})
	}
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%s%*s %4s %5s %6s %s\n", r[0], both-len(r[0]), r[1], r[2], r[3], r[4], r[5])
	}
	b.WriteString(prefixed(all))
	_, err := io.WriteString(w, b.String())
	return err
}

// prefixed lists the models whose cards ask for prefixes that are not set by default.
func prefixed(all []catalog.Entry) string {
	all = slices.DeleteFunc(slices.Clone(all), func(e catalog.Entry) bool { return e.Prefix == "" })
	if len(all) == 0 {
		return ""
	}
	wide := 0
	for _, e := range all {
		wide = max(wide, len(e.Reference))
	}
	var b strings.Builder
	b.WriteString("\nThese cards ask for prefixes, which are not set unless you add the option (a MODEL's may do so too):\n")
	for _, e := range all {
		fmt.Fprintf(&b, "%-*s  prefix=%s\n", wide, e.Reference, e.Prefix)
	}
	return b.String()
}

func number(n int) string {
	if n == 0 {
		return "?"
	}
	return strconv.Itoa(n)
}

// priced returns the price in USD, or else the first one, with + if there are others.
func priced(e catalog.Entry) string {
	if len(e.Prices) == 0 {
		if e.Key == "" {
			return "-"
		}
		return "?"
	}
	p := e.Prices[max(slices.IndexFunc(e.Prices, func(p catalog.Price) bool { return p.Currency == "USD" }), 0)]
	out := fmt.Sprintf("%g %s", p.PerMillion, p.Currency)
	if slices.ContainsFunc(e.Prices, func(o catalog.Price) bool { return o.PerMillion != p.PerMillion || o.Currency != p.Currency }) {
		out += "+"
	}
	return out
}
