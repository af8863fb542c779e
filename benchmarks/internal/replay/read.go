package replay

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/vecspace/embedding/internal/floats"
)

// maxRecord limits the stated length of a record. No vector or note is as long.
const maxRecord = 64 << 20

// fixed is the size of a vector's record without the values.
const fixed = len(digest{}) + 5

// read reads a file. It returns the offset after the last complete record.
func (r *Recording) read(f io.Reader) (end int64, err error) {
	in := bufio.NewReaderSize(f, 1<<20)
	head := make([]byte, len(magic))
	if n, err := io.ReadFull(in, head); string(head[:n]) != magic[:n] || err == nil && n < len(magic) {
		return 0, errors.New("this is not a recording")
	} else if err != nil {
		return 0, errors.New("the recording holds nothing: delete it")
	}
	end = int64(len(magic))
	var payload []byte
	for {
		var start [5]byte
		if _, err := io.ReadFull(in, start[:]); err != nil {
			return r.ended(end, err)
		}
		size := binary.LittleEndian.Uint32(start[1:])
		if size > maxRecord || start[0] == 'v' && r.heading != nil && int(size) != fixed+4*r.heading.Dimensions {
			return 0, damaged(end) // not a cut end: good records may follow
		}
		if need := int(size) + 4; cap(payload) < need {
			payload = make([]byte, need)
		}
		payload = payload[:size+4]
		if _, err := io.ReadFull(in, payload); err != nil {
			return r.ended(end, err)
		}
		body := payload[:size]
		if crc32.Update(crc32.Checksum(start[:1], castagnoli), castagnoli, body) != binary.LittleEndian.Uint32(payload[size:]) {
			return 0, damaged(end)
		}
		if err := r.place(start[0], body); err != nil {
			return 0, fmt.Errorf("%w: %w", damaged(end), err)
		}
		end += int64(len(start) + len(payload))
	}
}

// ended handles the end of the file, inside or after a record.
func (r *Recording) ended(end int64, err error) (int64, error) {
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, err
	}
	if r.heading == nil {
		return 0, errors.New("the recording holds nothing: delete it")
	}
	return end, nil
}

func damaged(at int64) error {
	return fmt.Errorf("the record at byte %d is damaged: put back a copy of the file, or delete it and pay again", at)
}

func (r *Recording) place(kind byte, b []byte) error {
	if (kind == 'h') != (r.heading == nil) {
		return errors.New("the heading is not the first record")
	}
	switch kind {
	case 'h':
		r.heading = &Heading{}
		return json.Unmarshal(b, r.heading)
	case 'v':
		if len(b) != fixed+4*r.heading.Dimensions {
			return fmt.Errorf("a vector of %d bytes", len(b))
		}
		e := entry{
			tokens:  math.Float32frombits(binary.LittleEndian.Uint32(b[len(digest{}):])),
			metered: b[fixed-1] == 1,
			vector:  make([]float32, r.heading.Dimensions),
		}
		floats.Decode(e.vector, b[fixed:])
		r.add(digest(b[:len(digest{})]), e)
	case 'r':
		if len(b) < len(digest{}) {
			return errors.New("a refusal without a digest")
		}
		r.add(digest(b[:len(digest{})]), entry{refused: string(b[len(digest{}):])})
	case 'n':
		if len(b) < 1 || len(b) < 1+int(b[0]) {
			return errors.New("a note without a name")
		}
		r.notes[string(b[1:1+int(b[0])])] = append(json.RawMessage(nil), b[1+int(b[0]):]...)
	default:
		return fmt.Errorf("a record of unknown kind %q", kind)
	}
	return nil
}
