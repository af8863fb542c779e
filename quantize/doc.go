// Package quantize stores vectors in fewer bytes and compares them as they are stored. It imports
// only the standard library.
//
//   - int8: a byte per dimension and a scale per vector, a quarter of float32. [AppendInt8],
//     [AppendFromInt8], [DotInt8], [CosineInt8], [DotQuery].
//   - float16: two bytes per dimension, as pgvector's halfvec and NumPy's float16. [AppendFloat16],
//     [AppendFromFloat16], [Float16], [FromFloat16].
//   - binary: a bit per dimension, as pgvector's bit and NumPy's packbits. [AppendBinary],
//     [AppendFromBinary], [Hamming].
//
// The Append functions take a slice to append to, which may be nil, and allocate only to grow it.
// After an error they return the slice as it was. Every function is safe for concurrent use; none
// keeps or edits an argument, except that it appends.
//
// Quantize documents and keep the query in float32 where you can ([DotQuery]): it loses less, and
// costs nothing to store. Search binary vectors for several times as many documents as you need,
// and order these by better vectors. How much a model loses is a property of the model: the command
// vecspace compare measures it on your data. The providers here are asked for float32, so that one
// answer serves every kind of storage.
//
// A quantized vector belongs to the Space of its original. Vectors quantized in different ways
// share a Space, but no column of a store: keep the kind in the column's type or name.
package quantize
