package full

import (
	"errors"
	"sync"

	"github.com/tiktoken-go/tokenizer"
)

// cl100k is read at the first request that needs it.
var cl100k = sync.OnceValues(func() (tokenizer.Codec, error) { return tokenizer.Get(tokenizer.Cl100kBase) })

// decodeCL100K returns the text of token ids of OpenAI's cl100k_base, which langchain's and other
// clients send instead of texts.
func decodeCL100K(ids []int) (string, error) {
	codec, err := cl100k()
	if err != nil {
		return "", err
	}
	all := make([]uint, len(ids))
	for i, id := range ids {
		if id < 0 {
			return "", errors.New("a token id is below 0")
		}
		all[i] = uint(id)
	}
	return codec.Decode(all)
}
