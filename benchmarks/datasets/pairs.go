package datasets

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// LoadPairs reads sentence pairs with gold scores: two sentences and a number per line. A file with
// .tsv in its name has fields between tabs and no quotes. One with .jsonl, .ndjson or .json has a
// JSON object per line with "sentence1", "sentence2" and "score" (or "label"), or an array of the
// three. Any other is CSV (RFC 4180). A name may end in .gz. A first line of TSV or CSV without a
// number is a heading and is skipped.
func LoadPairs(name string) (*Pairs, error) {
	base := strings.TrimSuffix(filepath.Base(name), ".gz")
	p := &Pairs{Name: strings.TrimSuffix(base, filepath.Ext(base))}
	read := commas
	headed := true
	switch strings.ToLower(filepath.Ext(base)) {
	case ".tsv":
		read = tabs
	case ".jsonl", ".ndjson", ".json":
		read, headed = objects, false
	}
	first := headed
	err := read(name, func(f []string) error {
		heading := first
		first = false
		if len(f) != 3 {
			return fmt.Errorf("got %d fields, want 3: sentence, sentence, score", len(f))
		}
		gold, err := strconv.ParseFloat(strings.TrimSpace(f[2]), 64)
		switch {
		case err != nil && heading:
			return nil
		case err != nil:
			return fmt.Errorf("the score %q is not a number", f[2])
		case math.IsNaN(gold) || math.IsInf(gold, 0):
			return fmt.Errorf("the score is %v: it must be finite", gold)
		case strings.TrimSpace(f[0]) == "" || strings.TrimSpace(f[1]) == "":
			return errors.New("a sentence is blank")
		case !utf8.ValidString(f[0]) || !utf8.ValidString(f[1]):
			return errors.New("a sentence is not UTF-8")
		}
		p.First, p.Second, p.Gold = append(p.First, f[0]), append(p.Second, f[1]), append(p.Gold, gold)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(p.Gold) < 3 {
		return nil, fmt.Errorf("%s: %d pairs: a correlation needs at least 3", name, len(p.Gold))
	}
	for _, g := range p.Gold {
		if g != p.Gold[0] {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%s: all gold scores are equal, so a correlation is undefined", name)
}

func tabs(name string, each func([]string) error) error {
	return lines(name, func(line string) error {
		if strings.TrimSpace(line) == "" {
			return nil
		}
		return each(strings.Split(strings.TrimRight(line, "\r"), "\t"))
	})
}

func objects(name string, each func([]string) error) error {
	return lines(name, func(line string) error {
		if strings.TrimSpace(line) == "" {
			return nil
		}
		if !utf8.ValidString(line) {
			return errors.New("the line is not UTF-8")
		}
		var fields []any
		if strings.HasPrefix(strings.TrimSpace(line), "[") {
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				return wantJSON(err)
			}
		} else {
			var object map[string]any
			if err := json.Unmarshal([]byte(line), &object); err != nil {
				return wantJSON(err)
			}
			for _, names := range [][]string{{"sentence1"}, {"sentence2"}, {"score", "label"}} {
				at := slices.IndexFunc(names, func(n string) bool { return object[n] != nil })
				if at < 0 {
					return fmt.Errorf("there is no %q", names[0])
				}
				fields = append(fields, object[names[at]])
			}
		}
		var texts []string
		for i, f := range fields {
			switch v := f.(type) {
			case string:
				texts = append(texts, v)
			case float64:
				if i < 2 {
					return fmt.Errorf("sentence %d is a number", i+1)
				}
				texts = append(texts, strconv.FormatFloat(v, 'g', -1, 64))
			default:
				return fmt.Errorf("field %d is neither a text nor a number", i+1)
			}
		}
		return each(texts)
	})
}

func wantJSON(err error) error {
	return fmt.Errorf("want a JSON object, or an array of three, on each line: %w", err)
}

func commas(name string, each func([]string) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	in, err := unpacked(name, f)
	if err != nil {
		return err
	}
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	for {
		record, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err) // it names the line
		}
		if err := each(record); err != nil {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("%s:%d: %w", name, line, err)
		}
	}
}
