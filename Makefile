# The commands of this project; CONTRIBUTING.md explains them.
.PHONY: test race lint bench properties ci picture

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

# the picture in README.md, light and dark; needs chromium. COMPARE=-no-speed is for a busy machine
picture:
	mkdir -p bin
	go run ./cmd/vecspace compare $(COMPARE) -record bin/answers -html bin/report.html static:base 'static:base?dimensions=128' 'static:base?dimensions=64'
	for m in dark:0 light:1; do chromium --headless --no-sandbox --hide-scrollbars --window-size=1000,520 \
		--blink-settings=preferredColorScheme=$${m#*:} --screenshot=docs/images/compare-$${m%:*}.png file://$(CURDIR)/bin/report.html; done
