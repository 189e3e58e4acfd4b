package isolator

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// flagOptions and sharingOptions are those of every mount. Engines send no
// others; what a delegate does not know it hands on to the filesystem.
var (
	flagOptions    = []string{"ro", "rw", "nosuid", "nodev", "noexec", "relatime", "noatime", "nodiratime", "strictatime"}
	sharingOptions = []string{"private", "rprivate", "slave", "rslave"}
)

// bindOptions are those of a bind mount. rbind with rro covers what is mounted
// below the source too, ro only the source itself.
var bindOptions = []string{
	"bind", "rbind", "rro", "rnosuid", "rnodev", "rnoexec", "rrelatime", "rnoatime", "rnodiratime", "rstrictatime", "idmap", "ridmap",
}

// sharedOptions give to the node what is mounted in the container, liftOptions
// lift what restrains the node's own mount.
var (
	sharedOptions = []string{"shared", "rshared"}
	liftOptions   = []string{"suid", "dev", "exec"}
)

// knownOptions refuses what is neither an option of every mount nor one of own.
func (s mountScope) knownOptions(m specs.Mount, own []string) error {
	var errs []error
	for _, o := range m.Options {
		want, allow := "", "security.level: privileged"
		switch {
		case slices.Contains(flagOptions, o), slices.Contains(sharingOptions, o), isOneOf(own, o):
		case slices.Contains(sharedOptions, o):
			want = "private or slave"
		case slices.Contains(liftOptions, o):
			want = "nothing that the node's own mount forbids"
		default:
			want, allow = "an option that engines use", Nothing
		}
		if want != "" && (allow == Nothing || !s.privileged) {
			errs = append(errs, mountDenial(m, "options", o, want, allow))
		}
	}
	return errors.Join(errs...)
}

// isOneOf reports an option of a list, in which one with '=' takes a number.
func isOneOf(list []string, o string) bool {
	key, value, assigned := strings.Cut(o, "=")
	if !assigned {
		return slices.Contains(list, o)
	}
	switch {
	case !slices.Contains(list, key+"="):
		return false
	case key == "mode" || key == "ptmxmode":
		return len(value) <= 5 && consistsOf(value, "01234567")
	case key == "size" && strings.HasSuffix(value, "%"):
		_, ok := bytesIn(strings.TrimSuffix(value, "%"))
		return ok
	}
	_, ok := bytesIn(value)
	return ok
}

// bytesIn reads a number as filesystems do, with k, m or g for a power of 1024
// (Linux, memparse). They take one that begins with 0 as octal: it has none here.
func bytesIn(value string) (n int64, ok bool) {
	digits, shift := value, 0
	if i := strings.IndexAny(value, "kKmMgG"); i > 0 && i == len(value)-1 {
		digits, shift = value[:i], map[byte]int{'k': 10, 'm': 20, 'g': 30}[value[i]|0x20]
	}
	if !consistsOf(digits, "0123456789") || digits[0] == '0' && digits != "0" {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n > 1<<(62-shift) {
		return 0, false
	}
	return n << shift, true
}

// option returns the last value of an option, which is the one that counts.
func option(m specs.Mount, key string) string {
	value := ""
	for _, o := range m.Options {
		if k, v, assigned := strings.Cut(o, "="); assigned && k == key {
			value = v
		}
	}
	return value
}

// atMost bounds the number of an option. Without one, and with 0, filesystems
// have no bound, or that of the node.
func atMost(options []string, key string, most int64) []string {
	if n, ok := bytesIn(option(specs.Mount{Options: options}, key)); ok && n > 0 && n <= most {
		return options
	}
	options = slices.DeleteFunc(options, func(o string) bool { return strings.HasPrefix(o, key+"=") })
	return append(options, key+"="+strconv.FormatInt(most, 10))
}
