// Package batchfile writes and reads the files of vendors' batch APIs: lines of JSON, one for each
// text.
package batchfile

import (
	"bufio"
	"bytes"
	"io"

	"github.com/vecspace/embedding/providers/batchapi"
)

// File is a file of requests whose lines are made while they are read.
type File struct {
	Lines []batchapi.Line
	Write func(dst []byte, l batchapi.Line) []byte // appends a line, with its line break
}

// Size returns the length of the file in bytes.
func (f File) Size() (n int64) {
	var line []byte
	for _, l := range f.Lines {
		line = f.Write(line[:0], l)
		n += int64(len(line))
	}
	return n
}

// Open returns a reader at the beginning of the file.
func (f File) Open() io.Reader { return &reader{File: f} }

type reader struct {
	File
	line []byte
	at   int // of line
}

func (r *reader) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if r.at == len(r.line) {
			if len(r.Lines) == 0 {
				return n, io.EOF
			}
			r.line, r.at, r.Lines = r.Write(r.line[:0], r.Lines[0]), 0, r.Lines[1:]
		}
		k := copy(p[n:], r.line[r.at:])
		n, r.at = n+k, r.at+k
	}
	return n, nil
}

// Each calls visit with each line of answers that is not blank. lines counts those that visit could
// read, and cut says that it could not read one.
func Each(r io.Reader, visit func([]byte) bool) (lines int, cut bool, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := in.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if visit(line) {
				lines++
			} else {
				cut = true
			}
		}
		if err == io.EOF {
			return lines, cut, nil
		}
		if err != nil {
			return lines, cut, err
		}
	}
}
