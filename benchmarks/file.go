package benchmarks

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/vecspace/embedding"
)

// LoadCandidates reads candidates from a YAML file: a list, by itself or under "candidates:", of references or of mappings.
//
//	candidates:
//	  - static:base
//	  - name: e5
//	    reference: openai:e5-passage?base_url=http://127.0.0.1:18090/v1&space=e5
//	    query: openai:e5-query?base_url=http://127.0.0.1:18090/v1&space=e5
//	    price: 0.07 USD 2026-10-12     # per million tokens, currency, day
//	    parallel: 2
//	    timeout: 5m                    # of one request, for a slow server
//	  - reference: openai:...
//	    document_prefix: "passage: "
//	    query_prefix: "query: "
//
// Of YAML it takes what is shown, comments and quoted values; anything else (anchors, flow style, several documents) is an
// error that names the line.
func LoadCandidates(name string) ([]Candidate, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	out, err := readCandidates(f)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	return out, nil
}

func readCandidates(in io.Reader) ([]Candidate, error) {
	var out []Candidate
	listed, fieldsAt, n := -1, -1, 0 // indents of the list and of the open mapping; the line
	headed := false
	seen := map[string]bool{}
	wrong := func(format string, args ...any) error { return fmt.Errorf("%d: %w", n, fmt.Errorf(format, args...)) }
	s := bufio.NewScanner(in)
	for s.Scan() {
		n++
		line := strings.TrimRight(s.Text(), " \r")
		text := strings.TrimLeft(line, " ")
		indent := len(line) - len(text)
		switch {
		case text == "" || text[0] == '#' || n == 1 && text == "---":
			continue
		case strings.HasPrefix(text, "\t"):
			return nil, wrong("YAML is indented by spaces, not tabs")
		case !headed && listed < 0 && indent == 0 && strings.TrimSpace(uncommented(text)) == "candidates:":
			headed = true
			continue
		}
		if item, ok := strings.CutPrefix(text, "-"); ok && (item == "" || item[0] == ' ') {
			if listed < 0 {
				listed = indent
			}
			if indent != listed {
				return nil, wrong("the list is indented by %d spaces, this item by %d", listed, indent)
			}
			rest := strings.TrimLeft(item, " ")
			key, value, mapping, err := field(rest)
			if err != nil {
				return nil, wrong("%w", err)
			}
			out = append(out, Candidate{})
			fieldsAt, seen = -1, map[string]bool{}
			if !mapping {
				if out[len(out)-1].Reference, err = scalar(rest); err != nil || rest == "" {
					return nil, wrong("the item is not a reference or a mapping: %w", errors.Join(err))
				}
				continue
			}
			fieldsAt = indent + len(text) - len(rest)
			seen[key] = true
			if err := out[len(out)-1].set(key, value); err != nil {
				return nil, wrong("%w", err)
			}
			continue
		}
		key, value, mapping, err := field(text)
		switch {
		case err != nil:
			return nil, wrong("%w", err)
		case !mapping || fieldsAt < 0 || indent != fieldsAt:
			return nil, wrong("this is neither an item (- ) nor a field of one, indented like the first")
		case seen[key]:
			return nil, wrong("%q is given twice", key)
		}
		seen[key] = true
		if err := out[len(out)-1].set(key, value); err != nil {
			return nil, wrong("%w", err)
		}
	}
	if err := s.Err(); err != nil {
		return nil, wrong("%w", err)
	}
	if len(out) == 0 {
		return nil, wrong("there is no candidate")
	}
	for i, c := range out {
		if c.Reference == "" {
			return nil, wrong("candidate %d has no reference", i+1)
		}
	}
	return out, nil
}

// field splits "key: value". A colon without a space behind it is part of a word, as in static:base.
func field(text string) (key, value string, ok bool, err error) {
	if text == "" || text[0] == '"' || text[0] == '\'' {
		return "", "", false, nil
	}
	key, value, ok = strings.Cut(text, ": ")
	if !ok {
		if key, ok = strings.CutSuffix(uncommented(text), ":"); !ok {
			return "", "", false, nil
		}
	}
	value, err = scalar(strings.TrimSpace(value))
	return key, value, true, err
}

// uncommented cuts off a comment, which begins with # after a space.
func uncommented(text string) string {
	if before, _, ok := strings.Cut(text, " #"); ok {
		return strings.TrimRight(before, " ")
	}
	return text
}

// scalar reads a value: quoted, or plain to the end of the line or a comment.
func scalar(text string) (string, error) {
	if text == "" || text[0] == '#' {
		return "", nil
	}
	switch text[0] {
	case '"', '\'':
		end := strings.LastIndexByte(text, text[0])
		if rest := strings.TrimSpace(text[end+1:]); end == 0 || rest != "" && rest[0] != '#' {
			return "", errors.New("a quoted value does not end where the line does")
		}
		if text[0] == '\'' {
			return strings.ReplaceAll(text[1:end], "''", "'"), nil
		}
		s, err := strconv.Unquote(text[:end+1])
		if err != nil {
			return "", errors.New("a value in double quotes has an escape that is not known")
		}
		return s, nil
	case '[', '{', '&', '*', '!', '|', '>', '%', '@', '`':
		return "", fmt.Errorf("a value begins with %q: write it in quotes; other forms of YAML are not read", text[:1])
	}
	return uncommented(text), nil
}

func (c *Candidate) set(key, value string) error {
	fields := map[string]*string{
		"name": &c.Name, "reference": &c.Reference, "query": &c.Query, "document_prefix": &c.DocumentPrefix, "query_prefix": &c.QueryPrefix,
	}
	switch {
	case fields[key] != nil:
		*fields[key] = value
	case key == "parallel":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return fmt.Errorf("parallel is %q: it must be a whole number above 0", value)
		}
		c.Parallel = n
	case key == "timeout":
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 {
			return fmt.Errorf("timeout is %q: it must be above 0, such as 90s or 5m", value)
		}
		c.Timeout = d
	case key == "price":
		return c.setPrice(value)
	default:
		return fmt.Errorf("there is no field %q; there are document_prefix, name, parallel, price, query, query_prefix, reference, timeout", key)
	}
	return nil
}

func (c *Candidate) setPrice(value string) error {
	f := strings.Fields(value)
	if len(f) == 3 {
		sum, err := strconv.ParseFloat(f[0], 64)
		_, day := time.Parse(time.DateOnly, f[2])
		if err == nil && sum > 0 && sum < 1e9 && day == nil && len(f[1]) == 3 && strings.ToUpper(f[1]) == f[1] {
			c.Price = embedding.Price{PerMillion: sum, Currency: f[1], AsOf: f[2]}
			return nil
		}
	}
	return fmt.Errorf(`the price is %q: write it per million tokens with currency and day, such as "0.07 USD 2026-10-12"`, value)
}
