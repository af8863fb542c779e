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
	// simple is an error that both APIs spell alike.
	simple := func(status int, code, message string, means embedding.Kind) problem.Problem {
		return problem.Problem{Refusal: dialect.Refusal{Status: status, Code: code, Message: message, Kind: means}}
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
	add("requests-list", simple(429, "LimitRequests", "You exceeded your current requests list.", embedding.RateLimited))
	add("burst-rate", problem.BurstRate)
	add("token-rate", problem.TokenRate)
	add("token-rate-2", variant(problem.TokenRate, "You exceeded your current quota, please check your plan and billing details."))
	add("batch-throttled", simple(429, "Throttling", // text captured, code not
		"Too many requests. Batch requests are being throttled due to system capacity limits. Please try again later.", embedding.RateLimited))
	add("throttling", simple(429, "Throttling", "Requests throttling triggered.", embedding.RateLimited))
	add("throttling-route", simple(429, "Throttling", "Too many requests in route. Please try again later.", embedding.RateLimited))

	free := variant(problem.TokenRate, "Free allocated quota exceeded.") // the code of the token rate, but permanent
	free.Kind = embedding.Exhausted
	add("free-quota", free)
	add("free-tier-only", simple(403, "AllocationQuota.FreeTierOnly",
		`The free tier of the model has been exhausted. If you want to continue access the model on a paid basis, please disable the "use free tier only" mode.`, embedding.Exhausted))
	add("not-purchased", simple(429, "CommodityNotPurchased", "Commodity has not purchased yet.", embedding.Exhausted))
	add("prepaid-overdue", simple(429, "PrepaidBillOverdue", "The prepaid bill is overdue.", embedding.Exhausted))
	add("postpaid-overdue", simple(429, "PostpaidBillOverdue", "The postpaid bill is overdue.", embedding.Exhausted))
	add("budget-exceeded", simple(429, "BudgetLimitExceeded", "The budget limit is exceeded.", embedding.Exhausted)) // code captured, text not

	inner := simple(400, "InvalidParameter", "<500> InternalError.Algo: Receive batching backend response failed!", embedding.Unavailable)
	inner.Form = problem.Algo
	add("inner-500", inner)
	add("internal-error", problem.InternalError)
	serving := problem.Problem{Native: "InternalError.Algo", Refusal: dialect.Refusal{Status: 500, Code: "internal_server_error", Form: problem.Algo, Kind: embedding.Unavailable,
		Message: "<500> InternalError.Algo: An error occurred in model serving, error message is: [Inference engine abort. Finish reason: [UNKNOWN].]"}}
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
	add("access-denied", problem.Problem{Native: "AccessDenied", Refusal: dialect.Refusal{Status: 403, Code: "access_denied", Message: "Access denied.", Kind: embedding.Auth}})
	add("model-access", simple(403, "Model.AccessDenied", "Model access denied.", embedding.Auth))
	add("workspace-access", simple(403, "Workspace.AccessDenied", "Workspace access denied.", embedding.Auth))
	add("not-authorized", simple(401, "NOT AUTHORIZED",
		"Access denied: Either you are not authorized to access this workspace, or the workspace does not exist.", embedding.Auth))

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
