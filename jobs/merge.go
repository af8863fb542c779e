package jobs

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/vecspace/embedding/internal/rows"
	"github.com/vecspace/embedding/internal/whole"
)

// Merge writes the vectors of all parts to one file, in the order of the records and in the format
// of the job; that of .npy has NAME.npy.ids beside it. It returns how many there are.
// The job has to be complete. The file is there whole or not at all.
func (j *Job) Merge(ctx context.Context, name string) (vectors int, err error) {
	if err := j.complete(); err != nil {
		return 0, err
	}
	for n := range j.Manifest.Plan.Shards {
		p, err := j.readPart(n)
		if err != nil {
			return 0, err
		}
		vectors += p.Vectors
	}
	out, err := whole.Create(name)
	if err != nil {
		return 0, err
	}
	switch format := j.Manifest.Spec.Output.Format; format {
	case "npy":
	case "jsonl":
		err = j.concatenate(ctx, out, jsonlName, 0)
		return vectors, ending(err, out)
	default:
		err = j.rewrite(ctx, out, format)
		return vectors, ending(err, out)
	}
	ids, err := whole.Create(name + ".ids")
	if err != nil {
		return 0, errors.Join(err, out.Abort())
	}
	head := rows.NPY{Rows: vectors, Dimensions: j.Manifest.Spec.Embedder.Dimensions, Half: j.Manifest.half()}.Head()
	if _, err = io.WriteString(out, head); err == nil {
		err = j.concatenate(ctx, out, npyName, int64(len(head)))
	}
	if err == nil {
		err = j.concatenate(ctx, ids, idsName, 0)
	}
	if err == nil && out.Whole() {
		err = out.Clear() // old vectors never stand beside new ids
	}
	return vectors, ending(err, ids, out)
}

// rewrite writes the vectors of all parts to one file in a format of another module.
func (j *Job) rewrite(ctx context.Context, out io.Writer, format string) error {
	if err := j.formats.writes(format, false); err != nil {
		return err
	}
	to, err := j.formats.Vectors[format].Create(out, j.Manifest.shape())
	if err != nil {
		return err
	}
	for r, err := range j.Vectors(ctx) {
		if err == nil {
			err = to.Write(r)
		}
		if err != nil {
			return err
		}
	}
	return to.Close()
}

// ending commits files in their order, or none of them after an error.
func ending(err error, files ...*whole.File) error {
	for _, f := range files {
		if err != nil {
			err = errors.Join(err, f.Abort())
		} else {
			err = f.Commit()
		}
	}
	return err
}

// concatenate copies a file of each part, without its first bytes.
func (j *Job) concatenate(ctx context.Context, to io.Writer, name string, skip int64) error {
	for n := range j.Manifest.Plan.Shards {
		if err := ctx.Err(); err != nil {
			return err
		}
		f, err := os.Open(filepath.Join(j.path(dataName), partFolder(n), name))
		if err != nil {
			return err
		}
		if _, err = f.Seek(skip, io.SeekStart); err == nil {
			_, err = io.Copy(to, f)
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}
