package otelembedding

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/semconv/v1.41.0/genaiconv"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

func TestNamesAreTheConventions(t *testing.T) {
	for got, want := range map[string]string{
		string(keyOperation):   string(semconv.GenAIOperationNameKey),
		operation:              semconv.GenAIOperationNameEmbeddings.Value.AsString(),
		string(keyProvider):    string(semconv.GenAIProviderNameKey),
		string(keyModel):       string(semconv.GenAIRequestModelKey),
		string(keyDimensions):  string(semconv.GenAIEmbeddingsDimensionCountKey),
		string(keyInputTokens): string(semconv.GenAIUsageInputTokensKey),
		string(keyTokenType):   string(semconv.GenAITokenTypeKey),
		string(keyServer):      string(semconv.ServerAddressKey),
		string(keyPort):        string(semconv.ServerPortKey),
		string(keyErrorType):   string(semconv.ErrorTypeKey),
		string(keyStatus):      string(semconv.HTTPResponseStatusCodeKey),
		schema:                 semconv.SchemaURL,

		"gen_ai.client.operation.duration": genaiconv.ClientOperationDuration{}.Name(),
		"gen_ai.client.token.usage":        genaiconv.ClientTokenUsage{}.Name(),
		"s":                                genaiconv.ClientOperationDuration{}.Unit(),
		"{token}":                          genaiconv.ClientTokenUsage{}.Unit(),
		errorType(errors.New("x")):         semconv.ErrorTypeOther.Value.AsString(),
	} {
		expect.Equal(t, "the name", got, want)
	}
	known := []string{"openai"}
	for _, kv := range []interface{ AsString() string }{
		semconv.GenAIProviderNameMistralAI.Value, semconv.GenAIProviderNameCohere.Value, semconv.GenAIProviderNameDeepseek.Value,
		semconv.GenAIProviderNameGroq.Value, semconv.GenAIProviderNamePerplexity.Value, semconv.GenAIProviderNameXAI.Value,
		semconv.GenAIProviderNameGCPGemini.Value, semconv.GenAIProviderNameAzureAIOpenAI.Value, semconv.GenAIProviderNameAWSBedrock.Value,
	} {
		known = append(known, kv.AsString())
	}
	joined := " " + strings.Join(known, " ") + " moonshot_ai " // newer than 1.41
	for ours, theirs := range providers {
		if !strings.Contains(joined, " "+theirs+" ") {
			t.Errorf("%s: the conventions have no provider %q", ours, theirs)
		}
	}
	for ours, want := range map[string]string{
		"openai": "openai", "dashscope": "dashscope", "api.mistral.ai": "mistral_ai", "x.openai.azure.com": "azure.ai.openai", "azure": "azure.ai.openai", "bedrock": "aws.bedrock", "": "_OTHER",
	} {
		expect.Equal(t, fmt.Sprintf("the provider %q", ours), provider(embedding.Model{Provider: ours}), want)
	}
}

func TestServer(t *testing.T) {
	for endpoint, want := range map[string]string{
		"":                       "[]",
		"dashscope.aliyuncs.com": "[{server.address dashscope.aliyuncs.com}]",
		"127.0.0.1:8089":         "[{server.address 127.0.0.1} {server.port 8089}]",
		"[::1]:8089":             "[{server.address ::1} {server.port 8089}]",
		"[::1]":                  "[{server.address ::1}]",
	} {
		var got []string
		for _, kv := range server(endpoint) {
			got = append(got, fmt.Sprintf("{%s %s}", kv.Key, kv.Value.String()))
		}
		expect.Equal(t, fmt.Sprintf("the endpoint %q", endpoint), fmt.Sprint(got), want)
	}
}
