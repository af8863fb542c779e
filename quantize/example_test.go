package quantize_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/static"
	"github.com/vecspace/embedding/quantize"
)

// Documents in a byte per dimension: a quarter of the memory, the same order.
func Example() {
	e, err := static.New(static.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	texts := []string{"The cat sleeps on the sofa.", "Interest rates rose again.", "Knead the dough and let it rest."}
	docs, err := embedding.Documents(ctx, e, texts)
	if err != nil {
		fmt.Println(err)
		return
	}
	query, err := embedding.Query(ctx, e, "a recipe for bread dough")
	if err != nil {
		fmt.Println(err)
		return
	}
	best, found := float32(-1), 0
	for i, doc := range docs {
		bytes, scale, err := quantize.AppendInt8(nil, doc)
		if err != nil {
			fmt.Println(err)
			return
		}
		if score := quantize.DotQuery(query, bytes) * scale; score > best {
			best, found = score, i
		}
	}
	fmt.Println(texts[found])
	// Output: Knead the dough and let it rest.
}

// For a column of pgvector's type bit(n), write binary vectors as digits. The server checks their
// number, which a cast to bit(n) would not. In SQL:
//
//	CREATE TABLE items (id bigint PRIMARY KEY, embedding bit(16));
//	INSERT INTO items VALUES (1, $1::text::varbit);
//	SELECT id FROM items ORDER BY embedding <~> $1::text::varbit LIMIT 10;
func ExampleAppendBinary() {
	v := []float32{.1, -.2, .3, .1, -.1, 0, .2, .4, -.1, -.3, .2, .1, .5, -.2, .3, -.6}
	b, err := quantize.AppendBinary(nil, v)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%08b\n", b)
	fmt.Println(strings.Trim(strings.ReplaceAll(fmt.Sprintf("%08b", b), " ", ""), "[]"))
	_, err = quantize.AppendBinary(nil, v[:10])
	fmt.Println(err)
	// Output:
	// [10110011 00111010]
	// 1011001100111010
	// quantize: binary takes a multiple of 8 dimensions, not 10: cut the vector to 8
}

// For a column of pgvector's type halfvec(n), write the values as text. In SQL:
//
//	CREATE TABLE items (id bigint PRIMARY KEY, embedding halfvec(3));
//	INSERT INTO items VALUES (1, $1::text::halfvec);
//	SELECT id FROM items ORDER BY embedding <=> $1::text::halfvec LIMIT 10;
func ExampleAppendFloat16() {
	h, err := quantize.AppendFloat16(nil, []float32{.1, -.25, 1. / 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	stored := quantize.AppendFromFloat16(nil, h) // what the column holds
	fmt.Println(strings.Join(strings.Fields(fmt.Sprint(stored)), ","))
	// Output: [0.099975586,-0.25,0.33325195]
}
