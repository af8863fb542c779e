package dashscopetest

import (
	"slices"
	"strings"

	"github.com/vecspace/embedding"
)

// stage is the moment at which a fault strikes. At one stage a request meets at most one fault: the first that is due,
// in the order in which they were set.
type stage uint8

const (
	atGateway stage = iota // after the key, before anything else is looked at: nothing is billed
	atCheck                // where a rule it bends is looked at
	atDelay                // before the answer is sent: goes with a fault of the answer
	atAnswer               // once the texts are billed
)

// FaultInfo describes a fault that can be switched on.
type FaultInfo struct {
	Name   string         `json:"name"`
	Does   string         `json:"does"`
	Status int            `json:"status"` // HTTP status of the answer; 0: there is none
	Billed bool           `json:"billed"` // the texts are billed although the answer is spoiled
	Kind   embedding.Kind `json:"-"`      // what a client should make of it; Unknown: nothing, it can read the answer

	stage   stage
	problem *problem // the error it answers with
	flat    bool
}

// Catalog returns every fault there is, in the order of their names.
func Catalog() []FaultInfo { return slices.Clone(catalog) }

func lookup(name string) (FaultInfo, bool) {
	i := slices.IndexFunc(catalog, func(f FaultInfo) bool { return f.Name == name })
	if i < 0 {
		return FaultInfo{}, false
	}
	return catalog[i], true
}

var catalog = func() []FaultInfo {
	all := slices.Concat(errorFaults(), wireFaults)
	slices.SortFunc(all, func(a, b FaultInfo) int { return strings.Compare(a.Name, b.Name) })
	return all
}()

var wireFaults = []FaultInfo{
	{Name: "reset", Does: "the connection is reset before a byte of the answer", Kind: embedding.Unavailable},
	{Name: "kill", Does: "the emulator goes down: this and every later connection is reset, until faults are set anew; the command ends", Kind: embedding.Unavailable},
	{Name: "answer", Does: "an answer word for word: status (without it: 500) and body", Status: 500, Kind: embedding.Unavailable},
	{Name: "hang", Does: "no answer until the caller leaves", Kind: embedding.Unavailable},
	{Name: "html-502", Does: "a proxy's 502 page", Status: 502, Kind: embedding.Unavailable},
	{Name: "empty-503", Does: "503 without a body", Status: 503, Kind: embedding.Unavailable},

	{Name: "overlength-hang", stage: atCheck, Does: "a request with too many tokens hangs instead of getting 400", Kind: embedding.Unavailable},
	{Name: "bad-text", stage: atCheck, Does: "a request with a text that contains match fails content inspection (without match: " + BadText + ")",
		Status: 400, Kind: embedding.Rejected, problem: &inspection},
	{Name: "base64-400", stage: atCheck, Does: "a request for base64 is refused", Status: 400, Kind: embedding.Invalid, problem: &badEncoding},
	{Name: "base64-ignore", stage: atCheck, Does: "a request for base64 is answered with numbers", Status: 200},

	{Name: "slow", stage: atDelay, Does: "the answer comes after delay (without it: 1s)", Status: 200},

	{Name: "shuffled", stage: atAnswer, Does: "the vectors are not in the order of their index", Status: 200},
	{Name: "wrong-count", stage: atAnswer, Does: "a vector is missing", Status: 200, Billed: true, Kind: embedding.Malformed},
	{Name: "duplicate-index", stage: atAnswer, Does: "two vectors have one index", Status: 200, Billed: true, Kind: embedding.Malformed},
	{Name: "null-vector", stage: atAnswer, Does: "a vector is null", Status: 200, Billed: true, Kind: embedding.Malformed},
	{Name: "wrong-dimensions", stage: atAnswer, Does: "a vector has half its dimensions", Status: 200, Billed: true, Kind: embedding.Malformed},
	{Name: "nan", stage: atAnswer, Does: "a vector holds NaN", Status: 200, Billed: true, Kind: embedding.Malformed},
	{Name: "truncated", stage: atAnswer, Does: "the JSON ends half way, the HTTP answer is whole", Status: 200, Billed: true, Kind: embedding.Malformed},
	{Name: "cut-off", stage: atAnswer, Does: "the connection is reset half way through the answer", Billed: true, Kind: embedding.Unavailable},
	{Name: "drift", stage: atAnswer, Does: "the vectors are another model's", Status: 200},
}

// errorFaults are the error bodies that do not follow from a request.
func errorFaults() []FaultInfo {
	var all []FaultInfo
	add := func(name string, p problem) {
		all = append(all, FaultInfo{Name: name, Does: "error " + p.code, Status: p.status, Kind: p.means, problem: &p})
	}
	// simple is an error that is spelled the same in both APIs.
	simple := func(status int, code, message string, means embedding.Kind) problem {
		return problem{status: status, code: code, message: message, means: means}
	}
	variant := func(p problem, message string) problem {
		p.message, p.nativeMessage = message, message
		return p
	}
	add("auth", badKey)
	add("auth-2", variant(badKey, "Incorrect API key provided. ")) // the older text
	add("no-key", noKey)
	add("model-not-found", problem{status: 404, code: "model_not_found", kind: "invalid_request_error", native: "ModelNotFound",
		message: "Model can not be found.", means: embedding.Invalid})
	add("arrearage", simple(400, "Arrearage",
		"Access denied, please make sure your account is in good standing. For details, see: {doc}#overdue-payment", embedding.Exhausted))
	add("inspection", inspection)

	add("request-rate", requestRate)
	add("request-rate-2", variant(requestRate, "You have exceeded your request limit."))
	add("request-rate-3", variant(requestRate, "Requests rate limit exceeded, please try again later."))
	add("requests-list", simple(429, "LimitRequests", "You exceeded your current requests list.", embedding.RateLimited))
	add("burst-rate", burstRate)
	add("token-rate", tokenRate)
	add("token-rate-2", variant(tokenRate, "You exceeded your current quota, please check your plan and billing details."))
	add("batch-throttled", simple(429, "Throttling", // text captured, code not
		"Too many requests. Batch requests are being throttled due to system capacity limits. Please try again later.", embedding.RateLimited))
	add("throttling", simple(429, "Throttling", "Requests throttling triggered.", embedding.RateLimited))
	add("throttling-route", simple(429, "Throttling", "Too many requests in route. Please try again later.", embedding.RateLimited))

	free := variant(tokenRate, "Free allocated quota exceeded.") // the same code as the token rate, but for good
	free.means = embedding.Exhausted
	add("free-quota", free)
	add("free-tier-only", simple(403, "AllocationQuota.FreeTierOnly",
		`The free tier of the model has been exhausted. If you want to continue access the model on a paid basis, please disable the "use free tier only" mode.`, embedding.Exhausted))
	add("not-purchased", simple(429, "CommodityNotPurchased", "Commodity has not purchased yet.", embedding.Exhausted))
	add("prepaid-overdue", simple(429, "PrepaidBillOverdue", "The prepaid bill is overdue.", embedding.Exhausted))
	add("postpaid-overdue", simple(429, "PostpaidBillOverdue", "The postpaid bill is overdue.", embedding.Exhausted))
	add("budget-exceeded", simple(429, "BudgetLimitExceeded", "The budget limit is exceeded.", embedding.Exhausted)) // code captured, text not

	inner := simple(400, "InvalidParameter", "<500> InternalError.Algo: Receive batching backend response failed!", embedding.Unavailable)
	inner.algo = true
	add("inner-500", inner)
	add("internal-error", internalError)
	serving := problem{status: 500, code: "internal_server_error", algo: true, native: "InternalError.Algo", means: embedding.Unavailable,
		message: "<500> InternalError.Algo: An error occurred in model serving, error message is: [Inference engine abort. Finish reason: [UNKNOWN].]"}
	add("serving-error", serving)
	add("algo-error", simple(500, "InternalError.Algo", "inference internal error.", embedding.Unavailable))
	add("batching-error", simple(500, "InternalError.Algo", "Receive batching backend response failed!", embedding.Unavailable))
	add("internal-timeout", simple(500, "InternalError.Timeout",
		"An internal timeout error has occured during execution, please try again later or contact service support.", embedding.Unavailable)) //nolint:misspell // the service's own words
	add("request-timeout", simple(500, "RequestTimeOut", "Request timed out, please try again later.", embedding.Unavailable))
	add("overloaded", simple(503, "ModelServingError",
		"Too many requests. Your requests are being throttled due to system capacity limits.", embedding.Unavailable))
	add("model-unavailable", simple(503, "ModelUnavailable", "Model is unavailable, please try again later.", embedding.Unavailable))

	add("unpurchased", simple(403, "AccessDenied.Unpurchased",
		"Access to model denied. Please make sure you are eligible for using the model.", embedding.Auth))
	add("access-denied", problem{status: 403, code: "access_denied", message: "Access denied.", native: "AccessDenied", means: embedding.Auth})
	add("model-access", simple(403, "Model.AccessDenied", "Model access denied.", embedding.Auth))
	add("workspace-access", simple(403, "Workspace.AccessDenied", "Workspace access denied.", embedding.Auth))
	add("not-authorized", simple(401, "NOT AUTHORIZED",
		"Access denied: Either you are not authorized to access this workspace, or the workspace does not exist.", embedding.Auth))

	all = append(all,
		FaultInfo{Name: "flat", Does: "error Throttling.RateQuota in a flat body also on the compatible path, as a layer in front answers",
			Status: 429, Kind: embedding.RateLimited, problem: &requestRate, flat: true},
		FaultInfo{Name: "error-200", Does: "error internal_error with status 200",
			Status: 200, Kind: embedding.Unavailable, problem: &internalError})
	return all
}
