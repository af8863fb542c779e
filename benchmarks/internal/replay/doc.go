// Package replay records what an embedder answered, so that a comparison can be repeated, changed and audited without paying again.
//
// A recording is one file: a heading that says which model answered, then records that are appended as answers come in, each with
// a checksum. A text is known by the SHA-256 of its words and its task; neither texts nor keys are in the file.
//
//	heading   "VSREC1\n", then one record 'h' of JSON: Heading
//	record    kind (1 byte), length of the payload (4), payload, CRC-32C of kind and payload (4); numbers are little-endian
//	'v'       a vector: digest (32), tokens (float32), 1 if the provider counted them (1), the values (float32 each)
//	'r'       a text that the provider refuses: digest (32), its words (UTF-8)
//	'n'       a note: length of its name (1), name, JSON
//
// A record cut short at the end, as a crash leaves it, is dropped; a damaged one elsewhere is an error. Of two records of one text the
// first counts. A file is kept for one process by a lock that a crash releases, on Unix; elsewhere two must not write one at once.
package replay
