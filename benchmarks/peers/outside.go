package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/static"
)

// scanner runs the float scanner's own benchmark, because this program cannot import the internal
// package, and returns the nanoseconds per number of the scanner and of strconv.
func scanner(ctx context.Context, root string, d time.Duration, rounds int) (ours, theirs []float64, err error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run=^$", "-bench=BenchmarkFloat", fmt.Sprintf("-benchtime=%v", d),
		fmt.Sprintf("-count=%d", rounds), "./providers/internal/openaicompat/scan")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		if e, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s%s", err, out, e.Stderr)
		}
		return nil, nil, fmt.Errorf("the scanner's benchmark: %w", err)
	}
	line := regexp.MustCompile(`BenchmarkFloat/(scan|strconv)\S*\s.*?([0-9.]+) ns/float`)
	for _, m := range line.FindAllSubmatch(out, -1) {
		ns, err := strconv.ParseFloat(string(m[2]), 64)
		if err != nil {
			return nil, nil, err
		}
		if string(m[1]) == "scan" {
			ours = append(ours, ns)
		} else {
			theirs = append(theirs, ns)
		}
	}
	if len(ours) == 0 || len(ours) != len(theirs) {
		return nil, nil, fmt.Errorf("the scanner's benchmark said nothing that could be read:\n%s", out)
	}
	return ours, theirs, nil
}

// sentences returns the sentences of STS-B's English test set, or similar ones if the data is
// missing.
func sentences(data string, all []string) (texts []string, what string, err error) {
	if data == "" {
		short := make([]string, 0, 2758)
		for _, t := range all[:cap(short)] {
			short = append(short, t[digits+2:62]) // the mean length of those sentences
		}
		return short, "2,758 made-up sentences (EMBEDDING_TESTDATA is not set)", nil
	}
	f, err := os.Open(filepath.Join(data, "stsb-multi-mt", "stsb-en-test.csv"))
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, "", err
	}
	for _, row := range rows {
		texts = append(texts, row[0], row[1])
	}
	return texts, fmt.Sprintf("%d sentences of STS-B's English test set", len(texts)), nil
}

// local returns how many texts per second the local model embeds on this many cores, measured for
// about d.
func local(ctx context.Context, e embedding.Embedder, texts []string, cores int, d time.Duration) (perSecond float64, err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
	begin, n := time.Now(), 0
	for n == 0 || time.Since(begin) < d {
		if _, err := e.Embed(ctx, embedding.Request{Texts: texts}); err != nil {
			return 0, err
		}
		n += len(texts)
	}
	return float64(n) / time.Since(begin).Seconds(), nil
}

func openLocal() (embedding.Embedder, error) { return static.New(static.Options{}) }

// hasModel2vec returns an error that says what the comparison with the Python package lacks.
func hasModel2vec(ctx context.Context, python, data string) error {
	if data == "" {
		return errors.New("the comparison with model2vec needs the data: set EMBEDDING_TESTDATA or -data")
	}
	if out, err := exec.CommandContext(ctx, python, "-c", "import model2vec").CombinedOutput(); err != nil {
		return fmt.Errorf("the comparison with model2vec needs it in %s (providers/static/train/requirements-speed.txt): %w\n%s", python, err, out)
	}
	return nil
}

// model2vec runs the comparison with the Python package under this interpreter and returns what it
// prints last: both medians and the median of the rounds' ratios.
func model2vec(ctx context.Context, root, python, data string, rounds int) (ours, theirs, ratio float64, err error) {
	cmd := exec.CommandContext(ctx, python, "speed.py", "--data", data, "--rounds", strconv.Itoa(rounds), "--seconds", "1")
	cmd.Dir = filepath.Join(root, "providers", "static", "train")
	out, err := cmd.Output()
	if err != nil {
		return 0, 0, 0, fmt.Errorf("the comparison with model2vec: %w\n%s", err, out)
	}
	m := regexp.MustCompile(`median, \d+ sentences: Go (\d+), model2vec (\d+) texts/s`).FindSubmatch(out)
	r := regexp.MustCompile(`median ratio of the rounds: ([0-9.]+)`).FindSubmatch(out)
	if m == nil || r == nil {
		return 0, 0, 0, fmt.Errorf("the comparison with model2vec said nothing that could be read:\n%s", out)
	}
	ours, _ = strconv.ParseFloat(string(m[1]), 64)
	theirs, _ = strconv.ParseFloat(string(m[2]), 64)
	ratio, err = strconv.ParseFloat(string(r[1]), 64)
	return ours, theirs, ratio, err
}
