package documents

import "strings"

// headingAt returns the heading that begins at a line, in the form "## text", with its level and
// its number of lines. The number is 0 if no heading begins there.
func headingAt(lines []string, at int) (level int, text string, n int) {
	line := lines[at]
	if indent(line) > 3 {
		return 0, "", 0
	}
	line = strings.TrimSpace(line)
	level = run(line, '#')
	if level > 0 {
		if rest := line[level:]; level > 6 || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
			return 0, "", 0
		}
		return level, line, 1
	}
	if at+1 == len(lines) || line == "" || at > 0 && !blank(lines[at-1]) || strings.IndexByte(">|-*+<`~", line[0]) >= 0 || indent(lines[at+1]) > 3 {
		return 0, "", 0
	}
	switch under := strings.TrimSpace(lines[at+1]); {
	case under != "" && run(under, '=') == len(under):
		return 1, "# " + line, 2
	case under != "" && run(under, '-') == len(under):
		return 2, "## " + line, 2
	}
	return 0, "", 0
}

// indent returns the width of the blanks at the beginning of a line.
func indent(line string) int {
	width := 0
	for i := range len(line) {
		switch line[i] {
		case ' ':
			width++
		case '\t':
			width += 4 - width%4
		default:
			return width
		}
	}
	return width
}

// run returns how many times c stands at the beginning of s.
func run(s string, c byte) int {
	n := 0
	for n < len(s) && s[n] == c {
		n++
	}
	return n
}

// tableAt reports whether a table begins at a line: with a heading and a line such as |---|:-:|.
func tableAt(lines []string, at int) bool {
	if at+1 >= len(lines) || !strings.Contains(lines[at], "|") {
		return false
	}
	under := lines[at+1]
	return strings.Contains(under, "|") && strings.Contains(under, "-") && strings.Trim(under, " \t|:->") == ""
}

// fences has, for each line, the length of the longest fence that could end a code block there or
// later. So no search starts for an end that does not exist.
type fences map[byte][]int

func findFences(lines []string) fences {
	f := fences{}
	for _, c := range []byte("`~") {
		longest := make([]int, len(lines)+1)
		for at := len(lines) - 1; at >= 0; at-- {
			longest[at] = max(longest[at+1], closing(lines[at], c))
		}
		f[c] = longest
	}
	return f
}

// end returns the line after the fenced block that begins at a line, or 0 if none begins there.
func (f fences) end(lines []string, at int) int {
	line := contained(lines[at])
	if line == "" || line[0] != '`' && line[0] != '~' {
		return 0
	}
	c := line[0]
	n := run(line, c)
	if n < 3 || c == '`' && strings.Contains(line[n:], "`") || f[c][at+1] < n {
		return 0
	}
	quoted := strings.HasPrefix(strings.TrimSpace(lines[at]), ">")
	for end := at + 1; end < len(lines); end++ {
		if quoted && !strings.HasPrefix(strings.TrimSpace(lines[end]), ">") {
			return end
		}
		if closing(lines[end], c) >= n {
			return end + 1
		}
	}
	return 0 // there is one, as f knows
}

// closing returns the length of the fence on a line that may end a code block, or 0.
func closing(line string, c byte) int {
	line = strings.Trim(line, " \t>")
	if n := run(line, c); n >= 3 && n == len(line) {
		return n
	}
	return 0
}

// contained returns the content of a line inside quotations and list items.
func contained(line string) string {
	for {
		line = strings.TrimLeft(line, " \t")
		rest := strings.TrimLeft(line, ">")
		if rest == line {
			digits := strings.TrimLeft(line, "0123456789")
			if marker := strings.TrimLeft(digits, ".)-*+"); len(marker) == len(digits)-1 && (marker == "" || marker[0] == ' ' || marker[0] == '\t') {
				rest = marker
			}
		}
		if rest == line {
			return line
		}
		line = rest
	}
}

// frontMatter removes the metadata from the beginning of a Markdown file: lines such as "title:
// Notes" between two lines "---" (YAML), or "title = 'Notes'" between two lines "+++" (TOML).
// Values are text without their quotes; lists and maps keep their form. Lines without a key
// (comments, TOML tables) are under "front_matter". So are keys that begin with vecspace_, which
// stores reserve. If a line has another form, the file has no front matter.
func frontMatter(text string) (meta map[string]string, rest string) {
	first, body, _ := strings.Cut(text, "\n")
	mark := strings.TrimRight(first, " \t")
	if mark != "---" && mark != "+++" {
		return nil, text
	}
	meta = map[string]string{}
	key, found := "", false
	for body != "" {
		var line string
		line, body, _ = strings.Cut(body, "\n")
		end := strings.TrimRight(line, " \t")
		if end == mark || end == "..." && mark == "---" {
			if !found {
				return nil, text
			}
			return meta, body
		}
		name, value, ok := entry(line, mark == "+++")
		switch {
		case end == "":
		case ok && strings.HasPrefix(name, "vecspace_"):
			key, found = "front_matter", true
			put(meta, key, line)
		case ok:
			key, found = name, true
			put(meta, key, unquoted(value))
		case strings.IndexByte("#[", line[0]) >= 0:
			key = "front_matter"
			put(meta, key, line)
		case key != "" && strings.IndexByte(" \t-]}", line[0]) >= 0:
			put(meta, key, line)
		default:
			return nil, text
		}
	}
	return nil, text
}

// entry reads a line of front matter that begins with a key.
func entry(line string, toml bool) (key, value string, ok bool) {
	if line == "" || strings.IndexByte(" \t-#[]{}|>", line[0]) >= 0 {
		return "", "", false
	}
	mark := ":"
	if toml {
		mark = "="
	}
	key, value, ok = strings.Cut(line, mark)
	if ok && !toml && value != "" && value[0] != ' ' && value[0] != '\t' {
		return "", "", false
	}
	key = unquoted(key)
	return key, value, ok && key != ""
}

// put adds a line to a key's value.
func put(meta map[string]string, key, line string) {
	if before := meta[key]; before != "" {
		line = before + "\n" + line
	}
	meta[key] = line
}

// unquoted returns a value without surrounding blanks and one pair of quotes.
func unquoted(value string) string {
	value = strings.TrimSpace(value)
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		return value[1 : n-1]
	}
	return value
}
