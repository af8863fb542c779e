// Command rag answers a question from a text. It splits the text, indexes it, retrieves passages
// through langchaingo and prints the prompt for a language model. The choice of a language model is
// yours: langchaingo's llms take the prompt as it is.
//
//	go run ./examples/rag -file README.md "which errors are retried?"
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/documents"
	"github.com/vecspace/embedding/internal/plain"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/providers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "rag:", plain.Visible(err.Error()))
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	out = &plain.Writer{W: out} // documents may hold what a terminal acts on
	flags := flag.NewFlagSet("rag", flag.ContinueOnError)
	file := flags.String("file", "README.md", "the text to answer from")
	ref := flags.String("embedder", "static:base", "the `provider:model` that embeds")
	k := flags.Int("k", 3, "how many passages go into the prompt")
	if err := flags.Parse(args); err != nil {
		return err
	}
	question := strings.Join(flags.Args(), " ")
	if question == "" {
		return fmt.Errorf("no question was given")
	}
	parts, err := documents.File(*file, documents.Options{Size: 500})
	if err != nil {
		return err
	}
	if len(parts) == 0 {
		return fmt.Errorf("no text in %s", *file)
	}

	e, err := providers.Open(*ref)
	if err != nil {
		return err
	}
	vectors, err := cache.New(cache.Options{})
	if err != nil {
		return err
	}
	defer vectors.Close()
	e = embedding.Chain(e, vectors.Wrap, middleware.Standard(middleware.StandardOptions{}))
	if e, err = embedding.Probe(ctx, e); err != nil {
		return err
	}
	store, err := chromem.New(e, chromem.Options{})
	if err != nil {
		return err
	}

	docs := make([]schema.Document, len(parts))
	for i, part := range parts {
		docs[i] = schema.Document{PageContent: part.Text}
	}
	if _, err := store.AddDocuments(ctx, docs); err != nil {
		return err
	}
	passages, err := vectorstores.ToRetriever(store, *k).GetRelevantDocuments(ctx, question)
	if err != nil {
		return err
	}
	fmt.Fprint(out, prompt(question, passages))
	return nil
}

// prompt is what a language model gets.
func prompt(question string, passages []schema.Document) string {
	var b strings.Builder
	b.WriteString("Answer the question from these passages only. If they do not hold the answer, say so.\n\n")
	for i, p := range passages {
		fmt.Fprintf(&b, "[%d] %s\n\n", i+1, strings.TrimSpace(p.PageContent))
	}
	fmt.Fprintf(&b, "Question: %s\n", question)
	return b.String()
}
