# The commands of this project; CONTRIBUTING.md explains them.
.PHONY: test race lint bench ci

test:
	go test ./...

race:
	go test -race ./...

lint:
	golangci-lint run ./...

bench:
	go test -run '^$$' -bench . -benchmem ./...

ci:
	.ci/run
