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
	"text/tabwriter"

	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/catalog"
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
}

func listProviders(_ context.Context, args []string, std streams) error {
	fs := flag.NewFlagSet("vecspace providers", flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), "usage: vecspace providers [PROVIDER…] [FLAGS]\n\n"+
			"Lists the models of all providers, or of those that are named, as their tables have them: what a request may hold,\n"+
			"dimensions, prices, and what of it was not checked against the provider's own word. Providers take other models too.\n\n")
		fs.PrintDefaults()
	}
	asJSON := fs.Bool("json", false, "print a JSON array instead of a table")
	names, err := parse(fs, args, std)
	if err != nil {
		return err
	}
	all := providers.Catalog()
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
			Dimensions: dimensions(e.Dimensions), Limits: limits(e.Limits), Tasks: e.Tasks, Normalized: e.Normalized,
			Status: status(e), Unverified: e.Unverified,
		}
		for _, p := range e.Prices {
			out[i].Prices = append(out[i].Prices, price{p.Region, p.PerMillion, p.Currency, p.AsOf})
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

func tabulate(w io.Writer, all []catalog.Entry) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "REFERENCE\tTEXTS\tTOKENS\tOF A TEXT\tDIMENSIONS\tTASKS\tUNIT\tPRICE PER 1M TOKENS\tSTATUS\n")
	for _, e := range all {
		said := status(e)
		if e.Unverified != "" {
			said += ": " + e.Unverified
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Reference, number(e.Limits.Texts), number(e.Limits.Tokens),
			number(e.Limits.TextTokens), lengths(e.Dimensions), mark(e.Tasks), mark(e.Normalized), prices(e), said)
	}
	return t.Flush()
}

func number(n int) string {
	if n == 0 {
		return "?"
	}
	return strconv.Itoa(n)
}

func mark(b bool) string {
	if b {
		return "yes"
	}
	return "-"
}

func lengths(d catalog.Dimensions) string {
	switch {
	case d.Default == 0:
		return "?"
	case d.Min == d.Max:
		return strconv.Itoa(d.Default)
	case d.OneOf == nil:
		return fmt.Sprintf("%d (%d to %d)", d.Default, d.Min, d.Max)
	}
	return fmt.Sprintf("%d (%s)", d.Default, strings.Trim(fmt.Sprint(d.OneOf), "[]"))
}

func prices(e catalog.Entry) string {
	if len(e.Prices) == 0 {
		if e.Key == "" {
			return "-"
		}
		return "?"
	}
	var parts []string
	for _, p := range e.Prices {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%g %s %s", p.PerMillion, p.Currency, p.Region)))
	}
	oldest := slices.MinFunc(e.Prices, func(a, b catalog.Price) int { return cmp.Compare(a.AsOf, b.AsOf) })
	return strings.Join(parts, ", ") + " (" + oldest.AsOf + ")"
}
