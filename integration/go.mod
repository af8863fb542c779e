module github.com/vecspace/embedding/integration

go 1.26.0
