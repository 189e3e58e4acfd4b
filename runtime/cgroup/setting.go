package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/opencontainers/cgroups"
	"golang.org/x/sys/unix"
)

// A setting is one value that a cgroup shall have, in the kernel's own words.
type setting struct {
	file  string // "memory.max"; with a device where the file has a line for each: "io.max 8:0"
	value string
	key   string // the policy's key that needs it; empty: left out where the kernel has no such file
}

// replace puts a setting in the place of that of the same file.
func replace(all []setting, s setting) []setting {
	for i := range all {
		if all[i].file == s.file {
			all[i] = s
		}
	}
	return all
}

// values are a cgroup's, by file as in a setting.
type values map[string]string

// none is how the kernel writes that there is no limit: v2's word. The large
// numbers and -1 of cgroup v1 are read as it.
const none = "max"

// possible leaves out the settings that this kernel does not have, and fails
// for one that the policy needs. The cgroup must exist.
func possible(m cgroups.Manager, all []setting) (values, error) {
	v := values{}
	for _, s := range all {
		file, _, _ := strings.Cut(s.file, " ")
		switch {
		case has(m, file):
			v[s.file] = s.value
		case s.key != "":
			return nil, unsupported(s.key, "the kernel's file "+file)
		}
	}
	return v, nil
}

func unsupported(key, what string) error {
	return fmt.Errorf("%w: %s needs %s, which this node does not have", ErrUnsupported, key, what)
}

// current reads, of the cgroup, every setting that is in wanted.
func current(m cgroups.Manager, wanted values) (values, error) {
	v := values{}
	for of := range wanted {
		file, device, _ := strings.Cut(of, " ")
		text, err := cgroups.ReadFile(m.Path(controllerOf(file)), file)
		if errors.Is(err, unix.ENODEV) {
			err = fs.ErrNotExist // removed between open and read
		}
		if err != nil {
			return nil, err
		}
		v[of] = spelt(file, device, strings.TrimSpace(text))
	}
	if v["cpu.idle"] == "1" && wanted["cpu.idle"] == "1" {
		for _, file := range []string{"cpu.weight", "cpu.shares"} { // whatever an idle group's read
			if value, asked := wanted[file]; asked {
				v[file] = value
			}
		}
	}
	return v, nil
}

// spelt reads a file's content as a setting has it.
func spelt(file, device, text string) string {
	switch {
	case device != "":
		return lineOf(text, device)
	case strings.HasSuffix(file, "io.weight") || strings.HasSuffix(file, "bfq.weight"):
		return strings.TrimPrefix(text, "default ")
	case text == "-1":
		return none
	}
	// cgroup v1 prints "no limit" as the largest multiple of a page, huge ones
	// included.
	if n, err := strconv.ParseUint(text, 10, 64); err == nil && n >= 1<<62 {
		return none
	}
	return text
}

// lineOf is what io.max says of a device: each of its four limits.
func lineOf(text, device string) string {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, device+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return "rbps=max wbps=max riops=max wiops=max"
}

// number is a setting that is one, unlimited when it is none or not there.
func (v values) number(file string) int64 {
	if n, err := strconv.ParseInt(v[file], 10, 64); err == nil {
		return n
	}
	return unlimited
}

// changed are the settings that differ from those before. Writing an equal
// memory limit is not free: at the limit it reclaims, and may be refused.
func (v values) changed(before values) values {
	c := values{}
	for file, value := range v {
		if before[file] != value {
			c[file] = value
		}
	}
	return c
}
