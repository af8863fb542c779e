package dashscopetest

import "github.com/vecspace/embedding"

// errorBody is how an error fault answers.
type errorBody struct {
	problem
	status int
	flat   bool // always
}

var errorBodies = func() map[string]errorBody {
	all := map[string]errorBody{}
	for _, f := range errorsOfTheService() {
		all[f.info.Name] = f.body
	}
	return all
}()

func errorFaults() []FaultInfo {
	var all []FaultInfo
	for _, f := range errorsOfTheService() {
		all = append(all, f.info)
	}
	return all
}

type errorFault struct {
	info FaultInfo
	body errorBody
}

// errorsOfTheService are the error bodies that do not follow from a request, and two that do where a fault says so.
func errorsOfTheService() []errorFault {
	var all []errorFault
	add := func(name string, p problem) {
		all = append(all, errorFault{FaultInfo{Name: name, Does: "error " + p.code, Status: p.status, Kind: p.means, Flats: true}, errorBody{p, p.status, false}})
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

	return append(all,
		errorFault{FaultInfo{Name: "flat", Does: "error Throttling.RateQuota in a flat body also on the compatible path, as a layer in front answers",
			Status: 429, Kind: embedding.RateLimited, Flats: true}, errorBody{requestRate, 429, true}},
		errorFault{FaultInfo{Name: "error-200", Does: "error internal_error with status 200",
			Status: 200, Kind: embedding.Unavailable, Flats: true}, errorBody{internalError, 200, false}},
		errorFault{FaultInfo{Name: "bad-text", Does: "a request with a text that contains match fails content inspection (without match: " + BadText + ")",
			Status: 400, Kind: embedding.Rejected}, errorBody{inspection, 400, false}},
		errorFault{FaultInfo{Name: "base64-400", Does: "a request for base64 is refused", Status: 400, Kind: embedding.Invalid}, errorBody{badEncoding, 400, false}},
	)
}
