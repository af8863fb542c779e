// Package slow is where stores are tested whose servers or clients take minutes to compile, by the table of the others. They are a module of
// their own, and .ci/run has them take part only when INTEGRATION_SLOW is set.
//
//	(cd integration && go run ./install -slow)
//	(cd integration/slow && INTEGRATION=required go test -timeout 30m ./...)
package slow
