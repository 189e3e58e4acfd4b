package containerd

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

func sortedKeys(t table) []string { return slices.Sorted(maps.Keys(t)) }

// key is a part of a dotted key, quoted where TOML wants it.
func key(name string) string {
	bare := strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == ""
	if bare && name != "" {
		return name
	}
	return strconv.Quote(name)
}
