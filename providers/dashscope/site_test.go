package dashscope_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestWhomToAsk(t *testing.T) {
	const variable = "https://variable.example/compatible-mode/v1"
	for _, tc := range []struct {
		name     string
		variable string
		o        dashscope.Options
		endpoint string
		price    string // the currency tells which region holds
		space    embedding.Space
	}{
		{name: "nothing said", variable: "", o: dashscope.Options{}, endpoint: "dashscope.aliyuncs.com", price: "CNY", space: "dashscope/text-embedding-v4@1024"},
		{name: "region", variable: "", o: dashscope.Options{Region: "intl"}, endpoint: "dashscope-intl.aliyuncs.com", price: "USD", space: "dashscope/text-embedding-v4@1024"},
		{name: "Hong Kong", variable: "", o: dashscope.Options{Region: "hk"}, endpoint: "cn-hongkong.dashscope.aliyuncs.com", price: "USD", space: "dashscope/text-embedding-v4@1024"},
		{name: "finance", variable: "", o: dashscope.Options{Region: "finance"}, endpoint: "dashscope-finance.aliyuncs.com", price: "", space: "dashscope/text-embedding-v4@1024"},
		{name: "US", variable: "", o: dashscope.Options{Region: "us"}, endpoint: "dashscope-us.aliyuncs.com", price: "", space: "dashscope/text-embedding-v4@1024"},
		{name: "token plan", variable: "", o: dashscope.Options{Region: "token-plan"}, endpoint: "token-plan.ap-southeast-1.maas.aliyuncs.com", price: "", space: "dashscope/text-embedding-v4@1024"},
		{name: "workspace", variable: "", o: dashscope.Options{Workspace: "llm-1"}, endpoint: "llm-1.cn-beijing.maas.aliyuncs.com", price: "CNY", space: "dashscope/text-embedding-v4@1024"},
		{name: "workspace in a region", variable: "", o: dashscope.Options{Workspace: "llm-1", Region: "eu"}, endpoint: "llm-1.eu-central-1.maas.aliyuncs.com", price: "", space: "dashscope/text-embedding-v4@1024"},
		{name: "variable", variable: variable, o: dashscope.Options{}, endpoint: "variable.example", price: "", space: "dashscope@variable.example/text-embedding-v4@1024"},
		{name: "variable with blanks", variable: " " + variable + "\n", o: dashscope.Options{}, endpoint: "variable.example", price: "", space: "dashscope@variable.example/text-embedding-v4@1024"},
		{name: "the variable says where, the region what", variable: variable, o: dashscope.Options{Region: "intl"}, endpoint: "variable.example", price: "USD", space: "dashscope@variable.example/text-embedding-v4@1024"},
		{name: "a region without an address of its own", variable: variable, o: dashscope.Options{Region: "eu"}, endpoint: "variable.example", price: "", space: "dashscope@variable.example/text-embedding-v4@1024"},
		{name: "workspace wins over the variable", variable: variable, o: dashscope.Options{Workspace: "w"}, endpoint: "w.cn-beijing.maas.aliyuncs.com", price: "CNY", space: "dashscope/text-embedding-v4@1024"},
		{name: "base URL wins over all", variable: variable, o: dashscope.Options{Region: "intl", BaseURL: "http://127.0.0.1:8089/compatible-mode/v1/"}, endpoint: "127.0.0.1:8089", price: "USD", space: "dashscope@127.0.0.1:8089/text-embedding-v4@1024"},
		{name: "base URL with a blank before it", variable: "", o: dashscope.Options{BaseURL: " http://localhost/v1"}, endpoint: "localhost", price: "", space: "dashscope@localhost:80~v1~/text-embedding-v4@1024"},
		{name: "base URL of a region", variable: "", o: dashscope.Options{BaseURL: "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"}, endpoint: "dashscope-intl.aliyuncs.com", price: "USD", space: "dashscope/text-embedding-v4@1024"},
		{name: "base URL in capitals", variable: "", o: dashscope.Options{BaseURL: "https://DASHSCOPE-INTL.aliyuncs.com/compatible-mode/v1"}, endpoint: "DASHSCOPE-INTL.aliyuncs.com", price: "USD", space: "dashscope/text-embedding-v4@1024"},
		{name: "base URL of a workspace", variable: "", o: dashscope.Options{BaseURL: "https://w.ap-southeast-1.maas.aliyuncs.com/compatible-mode/v1"}, endpoint: "w.ap-southeast-1.maas.aliyuncs.com", price: "USD", space: "dashscope/text-embedding-v4@1024"},
		{name: "a host that only looks like the service", variable: "", o: dashscope.Options{BaseURL: "https://aliyuncs.com.evil.example/v1"}, endpoint: "aliyuncs.com.evil.example", price: "", space: "dashscope@aliyuncs.com.evil.example~v1~/text-embedding-v4@1024"},
		{name: "another that only looks like it", variable: "", o: dashscope.Options{BaseURL: "https://notaliyuncs.com/v1"}, endpoint: "notaliyuncs.com", price: "", space: "dashscope@notaliyuncs.com~v1~/text-embedding-v4@1024"},
		{name: "a space of the user's", variable: variable, o: dashscope.Options{Space: "mine"}, endpoint: "variable.example", price: "", space: "mine"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv(dashscope.BaseURLVariable, tc.variable)
			tc.o.Model, tc.o.Key = "text-embedding-v4", "sk-test"
			e := vendortest.Opened(t)(dashscope.New(tc.o))
			if m := e.Model(); m.Endpoint != tc.endpoint || m.Price.Currency != tc.price || m.Space != tc.space {
				t.Errorf("got endpoint %q, price in %q, space %q, want Endpoint %v, Currency %v, Space %v",
					m.Endpoint, m.Price.Currency, m.Space, tc.endpoint, tc.price, tc.space)
			}
		})
	}
}

// TestWhereTheKeyGoes: the service's own key does not travel to an address that a reference names.
func TestWhereTheKeyGoes(t *testing.T) {
	for _, tc := range []struct {
		name     string
		variable string
		o        dashscope.Options
		refused  bool
	}{
		{name: "the service", o: dashscope.Options{}},
		{name: "a region", o: dashscope.Options{Region: "hk"}},
		{name: "a workspace", o: dashscope.Options{Workspace: "w"}},
		{name: "a region's host", o: dashscope.Options{BaseURL: "https://dashscope-us.aliyuncs.com/compatible-mode/v1"}},
		{name: "a host of a private network", o: dashscope.Options{BaseURL: "https://vpc-cn-beijing.dashscope.aliyuncs.com/compatible-mode/v1"}},
		{name: "this machine", o: dashscope.Options{BaseURL: "http://127.0.0.1:1/compatible-mode/v1"}},
		{name: "the variable", variable: "https://proxy.example/compatible-mode/v1", o: dashscope.Options{}},
		{name: "the variable, with a region", variable: "https://proxy.example/compatible-mode/v1", o: dashscope.Options{Region: "intl"}},
		{name: "another host with a key", o: dashscope.Options{BaseURL: "https://other.example/v1", Key: "sk-given"}},
		{name: "another host with a variable", o: dashscope.Options{BaseURL: "https://other.example/v1", KeyEnv: "OTHER_KEY"}},

		{name: "another host", o: dashscope.Options{BaseURL: "https://other.example/compatible-mode/v1"}, refused: true},
		{name: "another host, native", o: dashscope.Options{BaseURL: "https://other.example/api/v1", Native: true}, refused: true},
		{name: "another host beside the variable", variable: "https://proxy.example/compatible-mode/v1", o: dashscope.Options{BaseURL: "https://other.example/compatible-mode/v1"}, refused: true},
		{name: "a host like the service's", o: dashscope.Options{BaseURL: "https://dashscope.aliyuncs.com.other.example/compatible-mode/v1"}, refused: true},
		{name: "a customer's host under the same domain", o: dashscope.Options{BaseURL: "https://1.cn-beijing.fc.aliyuncs.com/compatible-mode/v1"}, refused: true},
		{name: "the API that the variable is not for", variable: "https://proxy.example/compatible-mode/v1", o: dashscope.Options{BaseURL: "https://proxy.example/api/v1", Native: true}, refused: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv(dashscope.BaseURLVariable, tc.variable)
			t.Setenv(dashscope.NativeBaseURLVariable, "")
			t.Setenv(dashscope.KeyVariable, "sk-own")
			t.Setenv("OTHER_KEY", "sk-other")
			tc.o.Model = "text-embedding-v4"
			_, err := dashscope.New(tc.o)
			if refused := errors.Is(err, embedding.Auth); refused != tc.refused || err != nil && !refused ||
				refused && (!strings.Contains(err.Error(), "key_env=") || strings.Contains(err.Error(), "sk-own")) {
				t.Errorf("got %v, want a refusal: %v", err, tc.refused)
			}
		})
	}
}
