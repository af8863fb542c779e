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
	"github.com/vecspace/embedding/internal/floats"
)

// Store is a second tier behind the memory of a [Cache]. It outlives the process or is shared by
// several. Implementations are safe for concurrent use.
//
// The Cache bounds each call by its context and counts errors in its Stats. So a Store neither
// retries nor logs, and it returns soon after the context has ended. Package cache/storetest
// tests an implementation.
type Store interface {
	// Get sets rows[i] to the vector of keys[i], which shares no memory with the Store, and leaves
	// it nil if there is none or its value is damaged. The rows set before an error are used. Get
	// sets no row after it has returned.
	Get(ctx context.Context, keys []Key, rows [][]float32) error
	// Set stores rows[i] under keys[i]. It does not edit the rows.
	Set(ctx context.Context, keys []Key, rows [][]float32) error
	// Purge removes the vectors of all keys that begin with prefix. An empty prefix removes
	// everything.
	Purge(ctx context.Context, prefix []byte) error
}

// Key names a vector in a [Store]: 8 bytes of the SHA-256 of its Space, for [Cache.PurgeSpace],
// and the SHA-256 of the Space, the Variant, the Task unless the model is Symmetric, and the
// text. It is the same in every process and version.
type Key [spaceBytes + sha256.Size]byte

const spaceBytes = 8

// String returns the Key in hexadecimal.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// spacePrefix returns the bytes with which all Keys of a space begin.
func spacePrefix(s embedding.Space) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:spaceBytes]
}

// storeKeys makes the Keys of texts, for a model and a task.
type storeKeys struct {
	space  []byte
	buffer []byte // the part that all Keys have in common, then room for a text
	common int
}

func newStoreKeys(m embedding.Model, task embedding.Task) storeKeys {
	if m.Symmetric {
		task = math.MaxUint8
	}
	// The lengths keep the parts apart: "a"+"bc" is not "ab"+"c".
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

// A stored value is "vec", a version byte, the CRC-32C of the Key and the floats, and the floats.
// Numbers are little-endian.
const (
	valueMagic  = "vec\x01"
	valueHeader = len(valueMagic) + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrValue is in the chain of an error for a stored value that is damaged, belongs to another Key
// or has an unknown version.
var ErrValue = errors.New("not an intact vector")

// AppendValue appends the stored form of a vector to b: 8 bytes plus 4 per dimension. Its
// checksum covers the Key, so that a value is never taken for the vector of another text.
func AppendValue(b []byte, k Key, vector []float32) []byte {
	start := len(b)
	b = append(b, valueMagic...)
	b = append(b, 0, 0, 0, 0)
	b = floats.Append(b, vector)
	binary.LittleEndian.PutUint32(b[start+len(valueMagic):], checksum(k, b[start+valueHeader:]))
	return b
}

// ParseValue returns the vector in a value that [AppendValue] made for the same Key, as a copy.
// Otherwise it returns an error with [ErrValue] in its chain.
func ParseValue(k Key, value []byte) ([]float32, error) {
	if len(value) <= valueHeader || len(value)%4 != 0 || string(value[:len(valueMagic)]) != valueMagic {
		return nil, fmt.Errorf("a value of %d bytes is %w (version 1)", len(value), ErrValue)
	}
	raw := value[valueHeader:]
	if binary.LittleEndian.Uint32(value[len(valueMagic):]) != checksum(k, raw) {
		return nil, fmt.Errorf("a value of %d bytes is %w: its checksum differs", len(value), ErrValue)
	}
	vector := make([]float32, len(raw)/4)
	floats.Decode(vector, raw)
	return vector, nil
}

func checksum(k Key, vector []byte) uint32 {
	return crc32.Update(crc32.Checksum(k[:], castagnoli), castagnoli, vector)
}
