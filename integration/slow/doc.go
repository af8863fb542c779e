// Package slow tests stores with servers or clients that take minutes to compile. It uses the table
// of the other stores. It is a nested module, which .ci/run tests only if INTEGRATION_SLOW is set.
//
//	(cd integration && go run ./install -slow)
//	(cd integration/slow && INTEGRATION=required go test -timeout 30m ./...)
package slow
