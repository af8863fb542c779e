package documents

import "strings"

// headingAt tells of the heading that begins at a line, in the form "## text": its level, its text
// and how many lines it takes, or 0 lines where there is none.
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

// indent is the width of the blanks that a line begins with.
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

// run is how often s begins with c.
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

// fences has, for each line, how long the longest fence is that ends a block of code there or
// behind it, so that the search for an end that is not there is not begun.
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

// end returns the line behind the fenced block that begins at a line, or 0 where none begins.
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

// closing is how long the fence is that a line may end a block of code with, or 0.
func closing(line string, c byte) int {
	line = strings.Trim(line, " \t>")
	if n := run(line, c); n >= 3 && n == len(line) {
		return n
	}
	return 0
}

// contained is what a line holds inside quotations and items of lists.
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

// frontMatter takes the metadata off the beginning of a Markdown file: lines such as "title: Notes"
// between two lines "---" (YAML), or "title = 'Notes'" between two lines "+++" (TOML). Values are
// text without their quotes; lists and maps keep the form that they have. What belongs to no key
// (comments, tables of TOML) and keys that begin with vecspace_, which stores reserve, are under
// "front_matter". Where a line fits no form there is no front matter.
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

// entry reads a line of front matter that begins a key.
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

// unquoted is a value without the blanks and the one pair of quotes around it.
func unquoted(value string) string {
	value = strings.TrimSpace(value)
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		return value[1 : n-1]
	}
	return value
}
