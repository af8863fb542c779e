package cache

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/vecspace/embedding"
)

// Store is a second tier behind the memory of a Cache: it outlives the process or is shared by several. Packages cache/redis
// and cache/disk are two. It is safe for concurrent use.
//
// The Cache bounds each call by its context and counts errors in its Stats, so a Store neither retries nor logs: it
// returns soon after the context has ended.
type Store interface {
	// Get sets rows[i] to the vector of keys[i], in memory of its own, and leaves it nil for a key that it does not hold. A
	// value that is damaged is one that it does not hold. What was found before an error is used; nothing is set after the return.
	Get(ctx context.Context, keys []Key, rows [][]float32) error
	// Set stores rows[i], which nobody edits, under keys[i].
	Set(ctx context.Context, keys []Key, rows [][]float32) error
	// Purge removes all whose key begins with prefix; an empty one removes everything.
	Purge(ctx context.Context, prefix []byte) error
}

// Key names a vector in a Store: 8 bytes of its Space's SHA-256, by which a space is purged, and the SHA-256 of the Space, the
// Variant, the Task unless the model is Symmetric, and the text. It is the same in every process and version.
type Key [spaceBytes + sha256.Size]byte

const spaceBytes = 8

// String is the Key in hexadecimal.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// spacePrefix is what the Keys of a space begin with.
func spacePrefix(s embedding.Space) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:spaceBytes]
}

// storeKeys makes the Keys of texts embedded by a model for a task.
type storeKeys struct {
	space  []byte
	buffer []byte // what all Keys hash first, then room for a text
	common int
}

func newStoreKeys(m embedding.Model, task embedding.Task) storeKeys {
	if m.Symmetric {
		task = math.MaxUint8
	}
	// Lengths keep the end of one part from passing for the beginning of the next.
	b := []byte("vecspace cache 1\x00")
	for _, part := range []string{string(m.Space), m.Variant} {
		b = binary.LittleEndian.AppendUint64(b, uint64(len(part)))
		b = append(b, part...)
	}
	b = append(b, byte(task))
	return storeKeys{spacePrefix(m.Space), b, len(b)}
}

func (s *storeKeys) of(text string) (k Key) {
	s.buffer = append(s.buffer[:s.common], text...)
	sum := sha256.Sum256(s.buffer)
	copy(k[:], s.space)
	copy(k[spaceBytes:], sum[:])
	return k
}

// A stored value is "vec" and a version, a CRC-32C of the Key and the floats, and the floats in little-endian order.
const (
	valueMagic  = "vec\x01"
	valueHeader = len(valueMagic) + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrValue is inside the error for a stored value that is damaged, of another Key, or of an unknown version.
var ErrValue = errors.New("not an intact vector")

// AppendValue appends the form in which a Store keeps a vector outside the process: 8 bytes and 4 a dimension. The checksum
// covers the Key too, so that a value never passes for another text's.
func AppendValue(b []byte, k Key, vector []float32) []byte {
	start := len(b)
	b = append(b, valueMagic...)
	b = append(b, 0, 0, 0, 0)
	for _, x := range vector {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	binary.LittleEndian.PutUint32(b[start+len(valueMagic):], checksum(k, b[start+valueHeader:]))
	return b
}

// ParseValue returns a copy of the vector in what AppendValue made for the same Key, or an error that is ErrValue.
func ParseValue(k Key, value []byte) ([]float32, error) {
	if len(value) <= valueHeader || len(value)%4 != 0 || string(value[:len(valueMagic)]) != valueMagic {
		return nil, fmt.Errorf("a value of %d bytes is %w of version 1", len(value), ErrValue)
	}
	floats := value[valueHeader:]
	if binary.LittleEndian.Uint32(value[len(valueMagic):]) != checksum(k, floats) {
		return nil, fmt.Errorf("a value of %d bytes is %w: its checksum differs", len(value), ErrValue)
	}
	vector := make([]float32, len(floats)/4)
	for i := range vector {
		vector[i] = math.Float32frombits(binary.LittleEndian.Uint32(floats[4*i:]))
	}
	return vector, nil
}

func checksum(k Key, floats []byte) uint32 {
	return crc32.Update(crc32.Checksum(k[:], castagnoli), castagnoli, floats)
}
