// Package metrics measures rankings and similarities exactly as trec_eval and MTEB do, and says how
// certain the figures are.
//
// # Rankings
//
// [Judge] orders a ranking by score, descending, and equal scores by document ID, descending byte
// by byte, whatever the order of the results. A [Topic] then has the measures. Gains are the
// judgments themselves (linear) and discounts are log2(rank+1). Documents that were not found count
// in every ideal and every divisor. A topic without a relevant document scores 0 and is counted.
//
// # Similarities
//
// In Spearman's rank correlation equal values have the mean of their ranks.
//
// # Uncertainty
//
// [Bootstrap] resamples the topics (or pairs) many times, with the same draws for everything, so
// that candidates are compared on the same questions.
//
// Every function is safe for concurrent use.
package metrics
