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
	for _, m := range MountsOf("self") {
		if strings.HasPrefix(m, strings.TrimSuffix(dir, "/")+"/") {
			found = append([]string{m}, found...)
		}
	}
	return found
}

// MountsOf returns all mount points that a process of /proc sees (field 5 of
// mountinfo, proc(5)).
func MountsOf(process string) []string {
	data, _ := os.ReadFile("/proc/" + process + "/mountinfo")
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
