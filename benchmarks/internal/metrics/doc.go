// Package metrics measures rankings and similarities, exactly as trec_eval and MTEB do, and says how sure the figures are.
//
// # Rankings
//
// A ranking is scored by its scores alone: by score descending, and equal scores by document id descending, byte by byte, whatever order
// the results came in. Gains are the judgements themselves (linear), discounts log2(rank+1), and what was never found
// counts in every ideal and every divisor. A topic without a relevant document scores 0 and is counted.
//
// # Similarities
//
// Spearman's rank correlation gives equal values the mean of their ranks.
//
// # Uncertainty
//
// Bootstrap draws the topics (or pairs) anew many times, the same draw for all that is compared, so that differences
// between two candidates are judged on the same questions.
//
// Every function is safe for concurrent use.
package metrics
