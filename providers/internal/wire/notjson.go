package wire

import "bytes"

// NotJSON says what an accepted answer is instead of JSON and what to do about it, or returns "" if
// the decoder's error says more. head is the answer's beginning. early means that it ended in the
// middle of a value.
func NotJSON(head []byte, early bool) string {
	const look = ": check the base URL and any proxy on the way"
	switch head = bytes.TrimSpace(head); {
	case len(head) == 0 && early:
		return "the answer is empty" + look
	case len(head) == 0:
		return ""
	case LooksLikeMarkup(head):
		return "the answer is a web page" + look + " (a login page?)"
	case head[0] != '{' && head[0] != '[':
		return "the answer is not JSON" + look
	case early:
		return "the answer breaks off in the middle: retry, and if that fails too, check any proxy on the way"
	}
	return ""
}

// Page describes a body that is markup.
const Page = " (a web page, probably from a proxy)"
