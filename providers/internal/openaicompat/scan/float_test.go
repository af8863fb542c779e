package scan

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// parse reads one number through an answer, once where the fast path can take it and once at the
// very end of what was read, where it cannot.
func parse(number string) (fast, slow float32, err error) {
	body := `{"data":[{"index":0,"embedding":[` + number + `,` + number + `]}]}`
	a, err := Read(strings.NewReader(body+strings.Repeat(" ", window)), 1, 2)
	if err != nil {
		return 0, 0, err
	}
	return a.Vectors[0][0], a.Vectors[0][1], nil
}

// checkFloat holds the scanner against strconv on one string that may be anything.
func checkFloat(t *testing.T, number string) {
	t.Helper()
	if c := strings.TrimLeft(number, "-"); !json.Valid([]byte(number)) || c == "" || !isDigit(c[0]) || strings.TrimSpace(number) != number {
		return // no number, or a number with white space; FuzzAnswer has those
	}
	fast, slow, err := parse(number)
	want, wantErr := strconv.ParseFloat(number, 32)
	if (err != nil) != (wantErr != nil) {
		t.Fatalf("%s: got error %v, strconv says %v, want the same", number, err, wantErr)
	}
	if err != nil {
		return
	}
	for _, got := range []float32{fast, slow} {
		if math.Float32bits(got) != math.Float32bits(float32(want)) {
			t.Fatalf("%s: got %x (%v), strconv says %x (%v)", number, math.Float32bits(got), got, math.Float32bits(float32(want)), want)
		}
	}
}

var hostileFloats = []string{
	"0", "-0", "0.0", "-0.0", "0.00000000", "-0.000000000000000000000000", "1", "9", "10", "-1.5", "9.99999999", "0.1",
	"0.5", "1.0", "1.00000000000000000000000000000000000001", "0.000000000000000000000001", "9.999999999999999999999999",
	"1e5", "1E-5", "1e+05", "-1.25e-7", "8.6e-05", "123456789.123456789", "16777217", "16777217.0", "16777219.0",
	// Halfway between two float32, and just below.
	"1.000000059604644775390625", "1.00000005960464477539062499999999999999999999999999999999",
	"1.0000000596046447753906250000000000000000000000000000001", "1.00000017881393432617187500", "0.500000029802322387695312500000",
	"0.50000002980232238769531249", "0.50000002980232238769531251", "0.9999999701976776123046875", "9.5367431640625e-7",
	"3.4028234663852886e38", "3.4028235677973366e38", "3.4028235677973362e38", "-3.5e38", "1e39", "1e400", "-1e400", "1e-400",
	"340282346638528859811704183484516925440", "340282356779733661637539395458142568448", "340282356779733661637539395458142568447",
	"1.401298464324817e-45", "7.006492321624085e-46", "7.006492321624086e-46", "7.0064923216240853546186479164495e-46",
	"1.1754943508222875e-38", "1.1754942807573642918e-38", "0.0000000000000000000000000000000000000117549435082228750797",
	"0.9223372036854775807", "9.223372036854775807", "9.22337203685477580700", "9.223372036854775808999999", "0.12345678", "0.123456789",
	"0.1234567890123456", "0.12345678901234567", "0.123456789012345678901234", "0.1234567890123456789012345", "0.99999999999999999999999999",
	"-0.0695386752486229", "0.030681096017360687", "-0.00306810960173606870", "0.00000000000000001", "0.0000000000000000000000001",
	strings.Repeat("9", 40), "0." + strings.Repeat("3", 40), "0." + strings.Repeat("0", 60) + "1", "1" + strings.Repeat("0", 400) + "e-400",
	"1" + strings.Repeat("0", 5000), "0." + strings.Repeat("1", 5000), "00", "01", "-01", "1.", ".5", "+1", "1e", "1e+", "0x1p-2", "1_0", "--1", "NaN", "Inf",
}

// hostile makes decimals that are hard to round out of a pattern of bits.
func hostile(pattern uint64) []string {
	var all []string
	f64 := math.Float64frombits(pattern)
	f32 := math.Float32frombits(uint32(pattern))
	// The midpoint of two neighbors is a float64 itself; so are the next ones to both sides of it.
	low, high := float64(f32), float64(math.Nextafter32(f32, float32(math.Inf(1))))
	middle := low/2 + high/2
	near := []float64{f64, low, middle, math.Nextafter(middle, math.Inf(1)), math.Nextafter(middle, math.Inf(-1))}
	// The same mantissa where embeddings lie, which is where the fast path works.
	small := math.Float64frombits(math.Float64bits(middle)&^(0x7ff<<52) | (1023-pattern>>33%12)<<52)
	near = append(near, small, math.Nextafter(small, 0), math.Nextafter(small, 8), float64(float32(small)))
	for _, f := range near {
		if math.IsNaN(f) || math.IsInf(f, 0) {
			continue
		}
		for _, digits := range []int{-1, 6, 8, 9, 15, 16, 17, 18, 19, 20, 24, 25, 40} {
			all = append(all, strconv.FormatFloat(f, 'f', digits, 64))
		}
		exact := strconv.FormatFloat(f, 'f', -1, 64)
		all = append(all, strconv.FormatFloat(f, 'e', -1, 64), strconv.FormatFloat(f, 'e', 25, 64), strconv.FormatFloat(f, 'g', -1, 32),
			exact+"0", exact+"000000000000000001")
	}
	return all
}

func TestFloats(t *testing.T) {
	for _, number := range hostileFloats {
		checkFloat(t, number)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 600 {
		for _, number := range hostile(random.Uint64()) {
			checkFloat(t, number)
		}
	}
	for lead := range 10 { // and every number of digits after the point
		for digits := range 30 {
			for _, fill := range []string{"0", "1", "9", "5"} {
				checkFloat(t, fmt.Sprintf("-%d.%s", lead, strings.Repeat(fill, digits)+"7"))
			}
		}
	}
}

// TestPlainStops puts every byte at every place of a number: where it is no digit, the fast path
// must not take it for one.
func TestPlainStops(t *testing.T) {
	const number = "0.12345678901234567890"
	for place := range len(number) {
		for c := range 256 {
			text := number[:place] + string([]byte{byte(c)}) + number[place+1:]
			s := newScanner(256)
			s.end = copy(s.buf, text+","+strings.Repeat(" ", window))
			var row [1]float32
			n := s.plain(row[:])
			valid := json.Valid([]byte(text)) && isDigit(text[0])
			if n == 1 && (!valid || s.at != len(text)+1) && !(place > 1 && c == ',' && s.at == place+1) && !(place == 0 && c == ' ') {
				t.Fatalf("%q was taken, up to %d", text, s.at)
			}
			if n == 1 && valid {
				if want, _ := strconv.ParseFloat(text, 32); row[0] != float32(want) {
					t.Fatalf("%q is %v, want %v", text, row[0], float32(want))
				}
			}
			if n == 0 && s.at != 0 {
				t.Fatalf("%q was not taken, and %d bytes are gone", text, s.at)
			}
		}
	}
}

// TestPlainTakes makes sure that what servers print goes the fast way: nothing else shows it where
// the slow one is right too.
func TestPlainTakes(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const count = 20_000
	for _, bits := range []int{32, 64} {
		var b strings.Builder
		for range count {
			f := float64(float32(random.NormFloat64() / 32))
			b.WriteString(strconv.FormatFloat(f, 'f', -1, bits))
			b.WriteByte(',')
		}
		b.WriteString(strings.Repeat(" ", window))
		s := newScanner(b.Len())
		s.end = copy(s.buf, b.String())
		row := make([]float32, count)
		slow := 0
		for taken := s.plain(row); taken < count; taken += s.plain(row[taken:]) {
			s.number()
			s.at++ // the comma
			taken++
			slow++
		}
		if slow > count/1000 {
			t.Errorf("%d of %d numbers of %d bits went the slow way", slow, count, bits)
		}
	}
}

// FuzzFloat holds the scanner against strconv.ParseFloat(s, 32), on the string and on decimals made
// of the bits.
func FuzzFloat(f *testing.F) {
	for i, number := range hostileFloats {
		f.Add(number, uint64(i)*0x9e3779b97f4a7c15)
	}
	f.Fuzz(func(t *testing.T, number string, pattern uint64) {
		checkFloat(t, number)
		for _, number := range hostile(pattern) {
			checkFloat(t, number)
		}
	})
}
