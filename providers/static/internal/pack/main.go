// Pack turns the trained table (rows, scales and lexical weights in an .npz file, the vocabulary in
// a text file) into the one file that package static embeds, and prints its SHA-256. The comment on
// weights in static's table.go describes the format.
//
//	go run ./providers/static/internal/pack \
//		-npz static.npz -vocab static.vocab.txt -out providers/static/weights.bin
package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
)

func main() {
	npz := flag.String("npz", "", "the .npz `file` with rows and scale")
	vocab := flag.String("vocab", "", "the vocabulary `file`, one piece a line")
	out := flag.String("out", "", "the `file` to write")
	flag.Parse()
	if err := pack(*npz, *vocab, *out); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func pack(npz, vocab, out string) error {
	z, err := zip.OpenReader(npz)
	if err != nil {
		return fmt.Errorf("%s: %w", npz, err)
	}
	defer z.Close()
	rows, shape, err := array(z, "rows.npy", "|u1")
	if err != nil {
		return err
	}
	scales, count, err := array(z, "scale.npy", "<f2")
	if err != nil {
		return err
	}
	words, err := os.ReadFile(vocab)
	if err != nil {
		return err
	}
	words = bytes.TrimSuffix(words, []byte("\n"))
	idf, weighed, err := array(z, "idf.npy", "|u1")
	if err != nil {
		return err
	}
	n := len(shape)
	if n != 2 || len(count) != 1 || shape[0] != count[0] || len(idf) != shape[0] || bytes.Count(words, []byte("\n"))+1 != shape[0] {
		return fmt.Errorf("the shapes do not fit: rows %v, scale %v, idf %v, %d pieces", shape, count, weighed, bytes.Count(words, []byte("\n"))+1)
	}
	var b bytes.Buffer
	b.WriteString("vsm2")
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(shape[0])))
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(2*shape[1])))
	b.Write(rows)
	b.Write(scales)
	b.Write(idf)
	b.Write(words)
	if err := os.WriteFile(out, b.Bytes(), 0o644); err != nil {
		return err
	}
	fmt.Printf("%s: %d rows of %d dimensions, %d bytes, SHA-256 %x\n", out, shape[0], 2*shape[1], b.Len(), sha256.Sum256(b.Bytes()))
	return nil
}

var header = regexp.MustCompile(`'descr': '([^']+)', 'fortran_order': False, 'shape': \(([0-9, ]*)\)`)

// array reads one member of an .npz file: NumPy's format version 1, in C order.
func array(z *zip.ReadCloser, name, kind string) (data []byte, shape []int, err error) {
	f, err := z.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	all, err := io.ReadAll(f)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(all) < 10 || string(all[:8]) != "\x93NUMPY\x01\x00" {
		return nil, nil, fmt.Errorf("%s is not an array of NumPy's format 1.0", name)
	}
	end := 10 + int(binary.LittleEndian.Uint16(all[8:]))
	if end > len(all) {
		return nil, nil, fmt.Errorf("%s: the header is cut off", name)
	}
	m := header.FindSubmatch(all[10:end])
	if m == nil || string(m[1]) != kind {
		return nil, nil, fmt.Errorf("%s: its header is %q, want an array of %s in C order", name, all[10:end], kind)
	}
	for field := range strings.SplitSeq(string(m[2]), ",") {
		if field = strings.TrimSpace(field); field != "" {
			n, err := strconv.Atoi(field)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", name, err)
			}
			shape = append(shape, n)
		}
	}
	return all[end:], shape, nil
}
