package dashscopetest

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dashscope/internal/problem"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/emulator"
)

// errorFault is a fault that answers with one of the service's errors.
type errorFault struct {
	emulator.FaultInfo
	says problem.Problem
	flat bool // always
}

// errorsOfTheService are the error bodies that no request causes by itself, and two that a request
// causes only together with a fault.
func errorsOfTheService() []errorFault {
	var all []errorFault
	add := func(name string, p problem.Problem) {
		all = append(all, errorFault{emulator.FaultInfo{Name: name, Does: "error " + p.Code, Status: p.Status, Kind: p.Kind, Flats: true}, p, false})
	}
	variant := func(p problem.Problem, message string) problem.Problem {
		p.Message, p.NativeMessage = message, message
		return p
	}
	add("auth", problem.BadKey)
	add("auth-2", variant(problem.BadKey, "Incorrect API key provided. ")) // the older text
	add("no-key", problem.NoKey)
	add("model-not-found", problem.Problem{Native: "ModelNotFound", Refusal: dialect.Refusal{Status: 404, Code: "model_not_found", Type: "invalid_request_error",
		Message: "Model can not be found.", Kind: embedding.Invalid}})
	add("arrearage", problem.Arrearage)
	add("inspection", problem.Inspection)

	add("request-rate", problem.RequestRate)
	add("request-rate-2", variant(problem.RequestRate, "You have exceeded your request limit."))
	add("request-rate-3", variant(problem.RequestRate, "Requests rate limit exceeded, please try again later."))
	add("requests-list", problem.Alike(429, "LimitRequests", embedding.RateLimited, "You exceeded your current requests list."))
	add("burst-rate", problem.BurstRate)
	add("token-rate", problem.TokenRate)
	add("token-rate-2", variant(problem.TokenRate, "You exceeded your current quota, please check your plan and billing details."))
	add("batch-throttled", problem.Alike(429, "Throttling", embedding.RateLimited, // text captured, code not
		"Too many requests. Batch requests are being throttled due to system capacity limits. Please try again later."))
	add("throttling", problem.Alike(429, "Throttling", embedding.RateLimited, "Requests throttling triggered."))
	add("throttling-route", problem.Alike(429, "Throttling", embedding.RateLimited, "Too many requests in route. Please try again later."))

	free := variant(problem.TokenRate, "Free allocated quota exceeded.") // the code of the token rate, but permanent
	free.Kind = embedding.Exhausted
	add("free-quota", free)
	add("free-tier-only", problem.Alike(403, "AllocationQuota.FreeTierOnly", embedding.Exhausted,
		`The free tier of the model has been exhausted. If you want to continue access the model on a paid basis, please disable the "use free tier only" mode.`))
	add("not-purchased", problem.Alike(429, "CommodityNotPurchased", embedding.Exhausted, "Commodity has not purchased yet."))
	add("prepaid-overdue", problem.Alike(429, "PrepaidBillOverdue", embedding.Exhausted, "The prepaid bill is overdue."))
	add("postpaid-overdue", problem.Alike(429, "PostpaidBillOverdue", embedding.Exhausted, "The postpaid bill is overdue."))
	add("budget-exceeded", problem.Alike(429, "BudgetLimitExceeded", embedding.Exhausted, "The budget limit is exceeded.")) // code captured, text not

	inner := problem.Alike(400, "InvalidParameter", embedding.Unavailable, "<500> InternalError.Algo: Receive batching backend response failed!")
	inner.Form = problem.Algo
	add("inner-500", inner)
	add("internal-error", problem.InternalError)
	serving := problem.Problem{Native: "InternalError.Algo", Refusal: dialect.Refusal{Status: 500, Code: "internal_server_error", Form: problem.Algo, Kind: embedding.Unavailable,
		Message: "<500> InternalError.Algo: An error occurred in model serving, error message is: [Inference engine abort. Finish reason: [UNKNOWN].]"}}
	add("serving-error", serving)
	add("algo-error", problem.Alike(500, "InternalError.Algo", embedding.Unavailable, "inference internal error."))
	add("batching-error", problem.Alike(500, "InternalError.Algo", embedding.Unavailable, "Receive batching backend response failed!"))
	add("internal-timeout", problem.Alike(500, "InternalError.Timeout", embedding.Unavailable,
		"An internal timeout error has occured during execution, please try again later or contact service support.")) //nolint:misspell // the service's own words
	add("request-timeout", problem.Alike(500, "RequestTimeOut", embedding.Unavailable, "Request timed out, please try again later."))
	add("overloaded", problem.Alike(503, "ModelServingError", embedding.Unavailable,
		"Too many requests. Your requests are being throttled due to system capacity limits."))
	add("model-unavailable", problem.Alike(503, "ModelUnavailable", embedding.Unavailable, "Model is unavailable, please try again later."))

	add("unpurchased", problem.Alike(403, "AccessDenied.Unpurchased", embedding.Auth,
		"Access to model denied. Please make sure you are eligible for using the model."))
	add("access-denied", problem.Problem{Native: "AccessDenied", Refusal: dialect.Refusal{Status: 403, Code: "access_denied", Message: "Access denied.", Kind: embedding.Auth}})
	add("model-access", problem.Alike(403, "Model.AccessDenied", embedding.Auth, "Model access denied."))
	add("workspace-access", problem.Alike(403, "Workspace.AccessDenied", embedding.Auth, "Workspace access denied."))
	add("not-authorized", problem.Alike(401, "NOT AUTHORIZED", embedding.Auth,
		"Access denied: Either you are not authorized to access this workspace, or the workspace does not exist."))

	// The catalog decides a fault's status: error-200 differs from its problem.
	return append(all,
		errorFault{emulator.FaultInfo{Name: "flat", Does: "error Throttling.RateQuota in a flat body also on the compatible path, as a layer in front answers",
			Status: 429, Kind: embedding.RateLimited, Flats: true}, problem.RequestRate, true},
		errorFault{emulator.FaultInfo{Name: "error-200", Does: "error internal_error with status 200",
			Status: 200, Kind: embedding.Unavailable, Flats: true}, problem.InternalError, false},
		errorFault{emulator.FaultInfo{Name: "bad-text", Does: "a request with a text that contains match fails content inspection (without match: " + emulator.BadText + ")",
			Status: 400, Kind: embedding.Rejected}, problem.Inspection, false},
		errorFault{emulator.FaultInfo{Name: "base64-400", Does: "a request for base64 is refused", Status: 400, Kind: embedding.Invalid}, problem.BadEncoding, false},
	)
}
