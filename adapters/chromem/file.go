package chromem

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/vecspace/embedding/internal/whole"
)

// A file is a gob as chromem-go writes it, which versions before the checksum wrote too, then the
// gob's CRC-32C and ending. A gob's reader stops before them, so those versions read these files.
const ending = "\nVSCHEM1"

// nameFile is a collection's own file. chromem-go has given it this name.
const nameFile = "00000000.gob"

var (
	// errUnfinished is the error for a file that was not written to its end: by a version that
	// wrote in place and was killed, or by a machine that crashed. Such a file counts as absent.
	errUnfinished = errors.New("the file is unfinished")
	errDamaged    = errors.New("the file is damaged")
)

// named is what a collection's own file holds. A gob needs the field that chromem-go reads.
type named struct {
	Name     string
	Metadata map[string]string
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func trailer(data []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, crc32.Checksum(data, castagnoli)), ending...)
}

// writeFile replaces a file, or makes it, and never leaves half of one.
func writeFile(name string, x any) error {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(x); err != nil {
		return err
	}
	b.Write(trailer(b.Bytes()))
	return whole.Replace(name, b.Bytes())
}

// readFile reads what writeFile or chromem-go wrote.
func readFile(name string, x any) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("chromem: %w", err)
	}
	if len(bytes.Trim(data, "\x00")) == 0 { // an empty file, or one without its blocks
		return errUnfinished
	}
	sum := trailer(nil)
	body, summed := bytes.CutSuffix(data, []byte(ending))
	if summed {
		body = body[:max(0, len(body)-crc32.Size)]
		if sum = trailer(body); !bytes.HasSuffix(data, sum) {
			return errDamaged
		}
	}
	r := bytes.NewReader(data)
	err = gob.NewDecoder(r).Decode(x)
	rest := data[len(data)-r.Len():]
	switch {
	case err == nil && len(rest) == 0 && !summed, err == nil && summed && len(rest) == len(sum):
		return nil
	case summed:
		return errDamaged
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errUnfinished
	case err == nil && len(rest) < len(sum) && bytes.HasPrefix(trailer(data[:len(data)-len(rest)]), rest):
		return errUnfinished
	}
	return errDamaged
}
