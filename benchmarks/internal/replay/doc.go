// Package replay records an embedder's answers, so that a comparison can be repeated, changed and
// audited without paying again. [Open] opens a [Recording] and [Recording.Keep] adds to it.
//
// A recording is one file: a heading that describes the model, then one record per answer, each
// with a checksum. Numbers are little-endian. A text is known by the SHA-256 of its task and words;
// neither texts nor keys are in the file.
//
//	heading   "VSREC1\n", then one record 'h' of JSON: Heading
//	record    kind (1 byte), length of the payload (4), payload, CRC-32C of kind and payload (4)
//	'v'       a vector: digest (32), tokens (float32), 1 if the provider counted them (1),
//	          the values (float32 each)
//	'r'       a text that the provider refuses: digest (32), its message (UTF-8)
//	'n'       a note: length of its name (1), name, JSON
//
// Open drops a record that a crash cut short at the end of the file. A damaged record elsewhere is
// an error. If a text has two records, the first counts. On Unix a lock keeps a file to one
// process; a crash releases it. On other systems two processes must not write one file at the same
// time.
package replay
