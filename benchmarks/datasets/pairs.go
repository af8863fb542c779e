package datasets

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"
)

// LoadPairs reads sentence pairs with gold scores: two sentences and a number per line. A file with
// .tsv in its name has fields between tabs and no quotes; any other is CSV (RFC 4180). A name may
// end in .gz. A first line without a number is a heading and is skipped.
func LoadPairs(name string) (*Pairs, error) {
	base := strings.TrimSuffix(filepath.Base(name), ".gz")
	p := &Pairs{Name: strings.TrimSuffix(base, filepath.Ext(base))}
	read := commas
	if filepath.Ext(base) == ".tsv" {
		read = tabs
	}
	first := true
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
	for n := 0; ; n++ {
		record, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err) // it names the line
		}
		if n == 0 {
			record[0] = strings.TrimPrefix(record[0], "\uFEFF")
		}
		if err := each(record); err != nil {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("%s:%d: %w", name, line, err)
		}
	}
}
