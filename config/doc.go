// Package config opens embedders and their stacks from a YAML file, for applications that choose at
// deployment.
//
//	embedders:
//	  search:
//	    reference: dashscope:text-embedding-v4?region=intl
//	    dimensions: 1024                        # refuse any other
//	    cache: {max_bytes: 268435456, ttl: 24h} # no cache without this field
//	    batch: {parallel: 8, texts: 10}
//	    retry: {budget: 2m}
//	    limit: {rpm: 600, tpm: 1000000, in_flight: 8} # of each account: see below
//	    lane: interactive                       # or bulk, which yields to it in a shared account
//	    timeout: 30s                            # of an attempt; 0 means a minute
//	    budget: {max: 5, currency: USD}         # of all accounts of this embedder
//	    fallback: [dashscope:text-embedding-v4?region=intl&key_env=SECOND_KEY]
//
// The other fields are coalesce {window, texts}, breaker {failures, cooldown}, patience beside
// fallback, canary, and balance: a list like fallback, whose references share the requests. The
// reference, and each reference of fallback or balance, is an account with a breaker and a limit of
// its own. A model with roles takes document_prefix and query_prefix, and query: the reference that
// embeds queries in the same space. price replaces the provider's: "0.07 USD 2026-10-12" is per
// million tokens. "vecspace compare -candidates" takes the file too. Only reference is required;
// the stack is then that of [middleware.Standard]. Durations are as [time.ParseDuration] takes
// them.
//
// # Parts
//
// Some fields name a part, which the program passes to [Load] in [Parts]:
//
//	telemetry: {otel: http://localhost:4318} # beside embedders: watches all of them
//	embedders:
//	  search:
//	    reference: dashscope:text-embedding-v4?region=intl
//	    cache: {tier: {disk: vectors.db, ttl: 720h}} # a second tier, behind the memory
//	    limit: {rpm: 600, shared: {redis: redis://localhost:6379, account: dashscope, processes: 4}}
//	    canary: canary.json # what Set.Check compares with, a file of package canary
//
// A file that names a part which the program lacks is refused. The error names the build of the
// program vecspace that has it.
//
// # Strictness
//
// An unknown name, a name given twice or a value of the wrong form is an error with the line's
// number. Keys are never in the file: each reference's key comes from the environment, where
// key_env= names another variable. Anchors, aliases and tags are refused, and a file has at most
// [MaxBytes].
package config
