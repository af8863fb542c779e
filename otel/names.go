package otelembedding

import (
	"cmp"
	"net"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/vecspace/embedding"
)

// operation is the conventions' name for embedding.
const operation = "embeddings"

// refused is the operation of a request that is not sent.
const refused = "refused"

// Attributes. The conventions' names are written out because OpenTelemetry's Go constants for them
// end with version 1.41; a test compares them with that version.
const (
	keyOperation   = attribute.Key("gen_ai.operation.name")
	keyProvider    = attribute.Key("gen_ai.provider.name")
	keyModel       = attribute.Key("gen_ai.request.model")
	keyDimensions  = attribute.Key("gen_ai.embeddings.dimension.count")
	keyInputTokens = attribute.Key("gen_ai.usage.input_tokens")
	keyTokenType   = attribute.Key("gen_ai.token.type")
	keyServer      = attribute.Key("server.address")
	keyPort        = attribute.Key("server.port")
	keyErrorType   = attribute.Key("error.type")
	keyStatus      = attribute.Key("http.response.status_code")

	keyTask        = attribute.Key("embedding.task")
	keySpace       = attribute.Key("embedding.space")
	keyTexts       = attribute.Key("embedding.text.count")
	keyReused      = attribute.Key("embedding.text.reused")
	keyFailedTexts = attribute.Key("embedding.text.failed")
	keyRequests    = attribute.Key("embedding.request.count")
	keyUnmetered   = attribute.Key("embedding.request.unmetered")
	keyTokens      = attribute.Key("embedding.token.count")
	keyCurrency    = attribute.Key("embedding.currency")
	keyRequestID   = attribute.Key("embedding.request.id")
	keyErrorCode   = attribute.Key("embedding.error.code")
)

// Buckets: the conventions', and wider ones for calls, which are faster from a cache and slower if
// they wait.
var (
	secondBuckets = []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}
	tokenBuckets  = []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}
	callBuckets   = slices.Concat([]float64{0.00001, 0.0001, 0.001}, secondBuckets, []float64{163.84, 327.68, 655.36})
)

func (t *Telemetry) instruments(m metric.Meter) error {
	var errs [7]error
	t.operation, errs[0] = m.Float64Histogram("gen_ai.client.operation.duration", metric.WithUnit("s"),
		metric.WithDescription("GenAI operation duration."), metric.WithExplicitBucketBoundaries(secondBuckets...))
	t.tokens, errs[1] = m.Int64Histogram("gen_ai.client.token.usage", metric.WithUnit("{token}"),
		metric.WithDescription("Number of input and output tokens used."), metric.WithExplicitBucketBoundaries(tokenBuckets...))
	t.cost, errs[2] = m.Float64Counter("embedding.cost", metric.WithUnit("{currency}"),
		metric.WithDescription("Price of the input tokens that were counted, in embedding.currency."))
	t.unmetered, errs[3] = m.Int64Counter("embedding.unmetered_requests", metric.WithUnit("{request}"),
		metric.WithDescription("Requests whose tokens the provider did not count; tokens and cost do not include them."))
	t.call, errs[4] = m.Float64Histogram("embedding.call.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of a call as the caller sees it."), metric.WithExplicitBucketBoundaries(callBuckets...))
	t.texts, errs[5] = m.Int64Counter("embedding.call.texts", metric.WithUnit("{text}"),
		metric.WithDescription("Texts asked for."))
	t.reused, errs[6] = m.Int64Counter("embedding.call.reused", metric.WithUnit("{text}"),
		metric.WithDescription("Texts that cost nothing: cached, in flight already, or twice in a request."))
	return cmp.Or(errs[:]...)
}

// providers holds the conventions' names that differ from ours, by Provider. That is a host if no
// preset knows it.
var providers = map[string]string{
	"api.cohere.ai":                     "cohere",
	"api.cohere.com":                    "cohere",
	"api.deepseek.com":                  "deepseek",
	"api.groq.com":                      "groq",
	"api.mistral.ai":                    "mistral_ai",
	"api.moonshot.ai":                   "moonshot_ai",
	"api.moonshot.cn":                   "moonshot_ai",
	"api.perplexity.ai":                 "perplexity",
	"api.x.ai":                          "x_ai",
	"azure":                             "azure.ai.openai",
	"bedrock":                           "aws.bedrock",
	"generativelanguage.googleapis.com": "gcp.gemini",
	"mistral":                           "mistral_ai",
	"moonshot":                          "moonshot_ai",
	"xai":                               "x_ai",
}

func provider(m embedding.Model) string {
	if strings.HasSuffix(m.Provider, ".openai.azure.com") {
		return "azure.ai.openai"
	}
	return cmp.Or(providers[m.Provider], m.Provider, "_OTHER")
}

// server splits an Endpoint. It leaves out a port that the Endpoint does not name, because that
// depends on the scheme, which a Model does not tell.
func server(endpoint string) []attribute.KeyValue {
	if endpoint == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil {
		return []attribute.KeyValue{keyServer.String(strings.Trim(endpoint, "[]"))}
	}
	out := []attribute.KeyValue{keyServer.String(host)}
	if n, err := strconv.Atoi(port); err == nil {
		out = append(out, keyPort.Int(n))
	}
	return out
}

func dimensions(m embedding.Model, o outcome) []attribute.KeyValue {
	if n := cmp.Or(m.Dimensions, o.dimensions); n > 0 {
		return []attribute.KeyValue{keyDimensions.Int(n)}
	}
	return nil
}

// with returns the attributes in a new slice.
func with(all []attribute.KeyValue, more ...attribute.KeyValue) []attribute.KeyValue {
	return slices.Concat(all, more)
}

func failed(all []attribute.KeyValue, errorType string) []attribute.KeyValue {
	if errorType != "" {
		all = append(all, keyErrorType.String(errorType))
	}
	return all
}
