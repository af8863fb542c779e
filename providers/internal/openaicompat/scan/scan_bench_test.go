package scan

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// vectors are n unit vectors of d dimensions, always the same ones.
func vectors(n, d int) [][]float32 {
	random := rand.New(rand.NewPCG(5, 6))
	all := make([][]float32, n)
	for i := range all {
		sum := 0.0
		row := make([]float64, d)
		for k := range row {
			row[k] = random.NormFloat64()
			sum += row[k] * row[k]
		}
		for _, f := range row {
			all[i] = append(all[i], float32(f/math.Sqrt(sum)))
		}
	}
	return all
}

// printed is a vector as DashScope prints it: each float32 widened to float64.
func printed(row []float32) string {
	var b []byte
	for i, f := range row {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendFloat(b, float64(f), 'f', -1, 64)
	}
	return "[" + string(b) + "]"
}

func encodedRow(row []float32) string {
	var b []byte
	for _, f := range row {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return `"` + base64.StdEncoding.EncodeToString(b) + `"`
}

func answerOf(rows [][]float32, write func([]float32) string) string {
	var b strings.Builder
	b.WriteString(`{"data":[`)
	for i, row := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"embedding":%s,"index":%d,"object":"embedding"}`, write(row), i)
	}
	b.WriteString(`],"model":"text-embedding-v4","object":"list","usage":{"prompt_tokens":184,"total_tokens":184},"id":"73591b79-d194-9bca-8bb5-000000000000"}`)
	return b.String()
}

// BenchmarkFloat gives the time per number, ours and strconv's, on the same text.
func BenchmarkFloat(b *testing.B) {
	const count = 10 * 1024
	text := strings.Trim(printed(vectors(1, count)[0]), "[]") + ","
	b.Run("scan", func(b *testing.B) {
		s := newScanner(len(text) + window)
		copy(s.buf, text+strings.Repeat(" ", window))
		row := make([]float32, count)
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			s.at, s.end = 0, len(s.buf)
			for n := s.plain(row); n < count; n += s.plain(row[n:]) {
				f, err := strconv.ParseFloat(string(s.number()), 32)
				expect.NoError(b, err)
				row[n] = float32(f)
				n++
				s.at++
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/float")
	})
	b.Run("strconv", func(b *testing.B) {
		numbers := strings.Split(strings.TrimSuffix(text, ","), ",")
		row := make([]float32, count)
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			for i, number := range numbers {
				f, err := strconv.ParseFloat(number, 32)
				expect.NoError(b, err)
				row[i] = float32(f)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/float")
	})
}

// BenchmarkAnswer reads an answer of 10 vectors of 1,024 numbers.
func BenchmarkAnswer(b *testing.B) {
	rows := vectors(10, 1024)
	for name, body := range map[string]string{"floats": answerOf(rows, printed), "base64": answerOf(rows, encodedRow)} {
		for _, dims := range []int{1024, 0} {
			b.Run(fmt.Sprintf("%s/dims=%d", name, dims), func(b *testing.B) {
				r := strings.NewReader(body)
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					r.Reset(body)
					if _, err := Read(r, len(rows), dims); err != nil {
						b.Fatalf("got the error %v, want none", err)
					}
				}
			})
		}
	}
}
