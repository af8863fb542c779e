// Package pgtable keeps the vectors of a PostgreSQL table up to date, with pgvector.
//
//	table, err := pgtable.Init(ctx, pool, pgtable.Spec{
//		Table: "docs", Text: "title || E'\n' || body", Into: "docs_vec", Reference: "static:base",
//	}, e)
//	...
//	err = table.Work(ctx, e, pgtable.WorkOptions{Follow: true})
//
// The same lines again find what is there and go on. [Open] and [Table.Work] in other processes, on
// any machine, help.
//
// # Tables
//
// Into is the name of the table with the vectors, and begins those of the others:
//
//	docs_vec          pk, space, text_hash (SHA-256 of the text in UTF-8), embedding
//	docs_vec_queue    the rows that are to be looked at, and who does it until when
//	docs_vec_errors   the rows whose text has no vector, and why, without the text
//	docs_vec_state    what this is, how far the first walk through the table is, why it is paused
//	docs_vec_workers  the processes, when they last gave a sign of life, what they have done
//
// The function docs_vec_note belongs to them, behind triggers of the table, which note rows that
// are new, gone or have another text. They never ask a provider, and a text expression that fails
// does not fail the application's write. Names are written as in SQL: Docs is docs, "Docs" is Docs,
// and a schema may precede.
//
// # What holds
//
// A vector and the end of its row in the queue are one transaction. A change of a row takes it away
// from whoever works on it, whose result is then not stored: so no vector is of an older text once
// the queue is empty. A worker keeps its rows by a lease, by the server's clock alone.
//
// Where answers cost something, a worker takes as many rows at once as fit one request, and stores
// the answer when it comes. A kill costs what was in flight, and nothing else is paid for twice. A
// row whose text has its vector already costs nothing. Costs are what providers have counted, and a
// lower bound after a kill.
//
// The triggers wait for nobody but a worker that stores its results, and workers never wait for a
// transaction of the application. A transaction at REPEATABLE READ or SERIALIZABLE may fail as not
// serializable if it changes a row that a worker has taken since it began.
package pgtable
