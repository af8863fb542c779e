package jobs

import (
	"encoding/json"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/vecspace/embedding/internal/whole"
)

// carefulFrom is the attempt from which a shard is done in pieces, because a text may be to blame
// that its processes ended. Kills that have nothing to do with the texts make it slower, no more.
const carefulFrom = 6

// careful does a shard in pieces. It writes down which piece it tries, so that the next attempt
// knows which one the last did not survive, and halves that. A single text that three attempts did
// not survive is a killer and left out.
type careful struct {
	name  string
	state tried
}

// tried is what an attempt was at.
type tried struct {
	Trying  bool  `json:"trying"`
	Again   bool  `json:"again"` // what is before Low is done again, and this piece is not to blame
	Low     int   `json:"low"`
	High    int   `json:"high"`
	Deaths  int   `json:"deaths"` // of attempts at this one text
	Killers []int `json:"killers"`
}

// blame draws its conclusion from an attempt that ended, and returns the size of the next piece.
func (s *tried) blame() int {
	size := s.High - s.Low
	switch {
	case s.Again:
		return size
	case size > 1:
		s.Deaths = 0
		return size / 2
	}
	if s.Deaths++; s.Deaths >= 3 {
		s.Killers, s.Deaths = append(s.Killers, s.Low), 0
	}
	return 1
}

// newCareful reads what earlier attempts of a shard have left in a folder.
func newCareful(dir string, shard int) (*careful, error) {
	c := &careful{name: filepath.Join(dir, walPrefix(shard)+"pieces")}
	data, err := os.ReadFile(c.name)
	if errors.Is(err, fs.ErrNotExist) {
		return c, os.MkdirAll(dir, 0o777)
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &c.state); err != nil {
		c.state.Trying = false // a crash of the machine has cut it: begin anew
	}
	return c, nil
}

func (c *careful) save() error {
	data, err := json.Marshal(c.state)
	if err != nil {
		return err
	}
	return whole.Replace(c.name, data)
}

// pieces yields the pieces of a shard of n texts, killers left out. What comes before the piece
// that was tried is done again in one, which costs nothing where answers are kept.
func (c *careful) pieces(n int) iter.Seq2[[2]int, error] {
	return func(yield func([2]int, error) bool) {
		s := &c.state
		size, low := n, 0
		if s.Trying && s.Low < s.High && s.High <= n {
			size = s.blame()
			if s.Low > 0 {
				s.Again = true
				if err := c.save(); err != nil {
					yield([2]int{}, err)
					return
				}
				if !c.each(0, s.Low, yield) {
					return
				}
			}
			low = s.Low
		}
		for ; low < n; size *= 2 {
			if slices.Contains(s.Killers, low) {
				low++
				continue
			}
			high := min(low+size, n)
			for _, k := range s.Killers {
				if k > low && k < high {
					high = k
				}
			}
			s.Trying, s.Again, s.Low, s.High = true, false, low, high
			if err := c.save(); !yield([2]int{low, high}, err) || err != nil {
				return
			}
			low = high
		}
		s.Trying = false
		if err := c.save(); err != nil {
			yield([2]int{}, err)
		}
	}
}

// each yields what is between two texts, without the killers.
func (c *careful) each(low, high int, yield func([2]int, error) bool) bool {
	for low < high {
		end := high
		for _, k := range c.state.Killers {
			if k >= low && k < end {
				end = k
			}
		}
		if end > low && !yield([2]int{low, end}, nil) {
			return false
		}
		low = end + 1
	}
	return true
}
