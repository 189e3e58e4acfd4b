package host

import (
	"os"
	"strconv"
	"strings"
)

// MountsBelow returns the mount points below a directory, the latest first, so
// that they can be unmounted in this order.
func MountsBelow(dir string) []string {
	var found []string
	for _, m := range mounts() {
		if strings.HasPrefix(m, strings.TrimSuffix(dir, "/")+"/") {
			found = append([]string{m}, found...)
		}
	}
	return found
}

// mounts returns all mount points (field 5 of /proc/self/mountinfo, proc(5)).
func mounts() []string {
	data, _ := os.ReadFile("/proc/self/mountinfo")
	var all []string
	for line := range strings.Lines(string(data)) {
		if fields := strings.Fields(line); len(fields) > 4 {
			all = append(all, unescape(fields[4]))
		}
	}
	return all
}

// unescape undoes the kernel's octal escapes of blanks in a path.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
