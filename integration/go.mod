module github.com/vecspace/embedding/integration

go 1.26.0

require github.com/vecspace/embedding v0.0.0

require (
	github.com/sashabaranov/go-openai v1.43.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace github.com/vecspace/embedding => ..
