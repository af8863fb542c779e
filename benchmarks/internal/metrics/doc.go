// Package metrics measures rankings and similarities exactly as trec_eval and MTEB do, and says how
// certain the figures are.
//
// # Rankings
//
// [Judge] orders a ranking by score, descending, and equal scores by document ID, descending byte
// by byte, whatever the order of the results. A [Topic] then has the measures. Gains are the
// judgments themselves (linear) and discounts are log2(rank+1). Documents that were not found count
// in every ideal and every divisor. A topic without a relevant document scores 0 and is counted.
// Scores are float64; trec_eval builds that keep float32 see ties where scores are nearly equal.
//
// # Similarities
//
// In Spearman's rank correlation equal values have the mean of their ranks.
//
// # Uncertainty
//
// [Bootstrap] reweighs the topics (or pairs) many times, with the same draws for everything, so
// that candidates are compared on the same questions. Its intervals count one question more than
// were asked, with the worst result, and two for a correlation: they hold 95 % from five questions
// on, for skewed values, hits and ties too, and are never without a width. For a share of hits they
// are Clopper and Pearson's.
//
// [Resampled.Difference] tests two statistics by flipping the signs of the differences: every
// choice of signs up to 16 questions that differ, drawn ones above. Fewer than 6 cannot reach .05.
//
// Every function is safe for concurrent use.
package metrics
