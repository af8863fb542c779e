// Package config opens embedders and their stacks from a YAML file, for applications that choose at deployment.
//
//	embedders:
//	  search:
//	    reference: dashscope:text-embedding-v4?region=intl
//	    dimensions: 1024                        # refuse any other
//	    cache: {max_bytes: 268435456, ttl: 24h} # none without it
//	    batch: {parallel: 8, texts: 10}
//	    retry: {budget: 2m}
//	    limit: {rpm: 600, tpm: 1000000, in_flight: 8} # of each account: reference, and each of fallback or balance
//	    timeout: 30s                            # of an attempt; 0 is a minute
//	    budget: {max: 5, currency: USD}         # of all accounts of this embedder
//	    fallback: [dashscope:text-embedding-v4?region=intl&key_env=SECOND_KEY]
//
// Besides these there are coalesce {window, texts}, breaker {failures, cooldown}, patience beside fallback, and balance, a list like
// fallback, among which and the reference requests are spread. All but reference may be left out; the stack is then that of
// middleware.Standard. Durations are as time.ParseDuration takes them.
//
// Reading is strict: a name that is not known, one given twice or a value of the wrong form is an error with the line's number.
// Keys are never in the file: each reference's key comes from the environment, where key_env= names another variable.
// Anchors, aliases and tags are refused, and a file has at most MaxBytes.
package config
