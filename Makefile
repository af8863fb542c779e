# The commands of this project; CONTRIBUTING.md explains them.
.PHONY: test race lint bench properties ci

test:
	go test ./...

race:
	go test -race ./...

lint:
	(cd .ci/lint && go build -o ../../bin/lint .) && go vet -vettool=bin/lint ./...

bench:
	go test -run '^$$' -bench . -benchmem ./...

# random stacks, faults and cancels against a plain loop: the long run, about four minutes
properties:
	go test -count=1 -timeout 0 -run Against ./middleware ./middleware/cache -rapid.checks 120000

ci:
	.ci/run
