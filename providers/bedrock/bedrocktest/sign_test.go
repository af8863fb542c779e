package bedrocktest

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// TestSignature checks the emulator's computation against AWS's published examples: the first of
// its test suite for Signature Version 4 and the two that its documentation works through.
func TestSignature(t *testing.T) {
	for name, tc := range map[string]struct {
		request, authorization, secret string
	}{
		"get-vanilla": {
			"GET / HTTP/1.1\r\nHost: example.amazonaws.com\r\nX-Amz-Date: 20150830T123600Z\r\n\r\n",
			"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, " +
				"Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
		},
		"ListUsers": {
			"GET /?Action=ListUsers&Version=2010-05-08 HTTP/1.1\r\nHost: iam.amazonaws.com\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-8\r\nX-Amz-Date: 20150830T123600Z\r\n\r\n",
			"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, " +
				"Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
		},
		"GetObject": {
			"GET /test.txt HTTP/1.1\r\nHost: examplebucket.s3.amazonaws.com\r\nRange: bytes=0-9\r\n" +
				"X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\nX-Amz-Date: 20130524T000000Z\r\n\r\n",
			"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date," +
				"Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		},
	} {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(tc.request)))
		expect.NoError(t, err)
		s, ok := readSignature(tc.authorization)
		if !ok {
			t.Fatalf("%s: the header is not read", name)
		}
		expect.Equal(t, name+": signature", s.of(tc.secret, s.toSign(r, s.canonical(r, nil))), s.signature)
	}
	for _, header := range []string{"", "Bearer x", "AWS4-HMAC-SHA256 Credential=a/b/c", "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host, Signature=e"} {
		if _, ok := readSignature(header); ok {
			t.Errorf("%q is taken for a signature", header)
		}
	}
}

// The path of a model is percent-encoded for the wire and again for the signature. The expected
// path is AWS's own, for a request to us.anthropic.claude-sonnet-4-20250514-v1:0
// (https://github.com/BerriAI/litellm/issues/14763).
func TestPathOfModel(t *testing.T) {
	expect.Equal(t, "path", encoded("/model/us.anthropic.claude-sonnet-4-20250514-v1%3A0/converse-stream", true), "/model/us.anthropic.claude-sonnet-4-20250514-v1%253A0/converse-stream")
}
