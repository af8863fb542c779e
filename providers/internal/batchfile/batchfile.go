// Package batchfile writes and reads the files of vendors' batch APIs: lines of JSON, one for each
// text.
package batchfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/internal/wire"
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

// Results asks for a file of answers, which has at least some lines and at most all. read reads a
// line and returns false if that is not whole; take gets what was read.
func Results(x *wire.Exchange, req *http.Request, all, least int, read func([]byte) (batchapi.Result, bool), take func(batchapi.Result)) error {
	lines, cut := 0, false
	err := x.Stream(req, 2*all+1, func(a *wire.Answer) (_ []byte, _ bool, err error) {
		lines, cut, err = Each(a, func(line []byte) bool {
			r, ok := read(line)
			if ok {
				take(r)
			}
			return ok
		})
		return nil, false, err
	})
	if err == nil && (cut || lines < least) {
		err = fmt.Errorf("%w: %d of %d lines", batchapi.ErrCut, lines, least)
	}
	return err
}

// Document reads a JSON document into v.
func Document(unmarshal func([]byte, any) error, v any) wire.Reader {
	return func(a *wire.Answer) ([]byte, bool, error) {
		data, err := io.ReadAll(a)
		if err == nil && unmarshal(data, v) != nil {
			err = errors.New("the answer is not JSON of the batch API")
		}
		return nil, false, err
	}
}
