package benchmarks

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

// version returns the module's version, and the commit if the program was built from one.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, d := range info.Deps {
		if d.Path == "github.com/vecspace/embedding" {
			v = d.Version
		}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && !strings.Contains(v, s.Value[:min(12, len(s.Value))]) {
			v += " " + s.Value[:min(12, len(s.Value))]
		}
	}
	return strings.TrimSpace(v)
}

func machine() string {
	return fmt.Sprintf("%s/%s, %s, %d cores used", runtime.GOOS, runtime.GOARCH, processor(), runtime.GOMAXPROCS(0))
}

func processor() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(b)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return "processor unknown"
}
