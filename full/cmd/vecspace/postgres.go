package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/command"
	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/jobs/pgtable"
)

// postgres gives the commands of job the tables of PostgreSQL.
type postgres struct{}

func (postgres) Init(ctx context.Context, address string, spec command.TableSpec, e embedding.Embedder) (command.Table, error) {
	return withPool(ctx, address, func(pool *pgxpool.Pool) (*pgtable.Table, error) {
		return pgtable.Init(ctx, pool, pgtable.Spec(spec), e)
	})
}

func (postgres) Open(ctx context.Context, address, into string) (command.Table, error) {
	return withPool(ctx, address, func(pool *pgxpool.Pool) (*pgtable.Table, error) {
		return pgtable.Open(ctx, pool, into)
	})
}

func (postgres) Copy(ctx context.Context, address string, j *jobs.Job, into string) (int64, error) {
	pool, err := pgxpool.New(ctx, address)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	return pgtable.Copy(ctx, pool, j, into)
}

func withPool(ctx context.Context, address string, open func(*pgxpool.Pool) (*pgtable.Table, error)) (command.Table, error) {
	pool, err := pgxpool.New(ctx, address)
	if err != nil {
		return nil, err
	}
	t, err := open(pool)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return table{t, pool}, nil
}

// table is a pgtable.Table as the commands see it.
type table struct {
	*pgtable.Table
	pool *pgxpool.Pool
}

func (t table) Work(ctx context.Context, e embedding.Embedder, o command.TableWork) error {
	return t.Table.Work(ctx, e, pgtable.WorkOptions{Stack: o.Stack, Parallel: o.Parallel, Follow: o.Follow})
}

func (t table) Status(ctx context.Context) (command.TableStatus, error) {
	s, err := t.Table.Status(ctx)
	return command.TableStatus{
		All: s, Paused: s.Pause != nil, Over: s.State == "current", Rejected: s.Rejected, Cost: s.Cost, Currency: s.Currency,
	}, err
}

func (t table) Pause(ctx context.Context, reason string) error {
	return t.Table.Pause(ctx, "asked", reason)
}

func (t table) Verify(ctx context.Context) (fmt.Stringer, bool, error) {
	r, err := t.Table.Verify(ctx)
	return r, r.OK(), err
}

func (t table) Close() { t.pool.Close() }
