package doctor

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// tested is the day of the gVisor that the tests of this version run with, and
// oldest that of the last of which nothing is said here. gVisor has one line, of
// which each week's release is the newest: a fix is in no older one.
const tested, oldest = "20260905", "20250905"

// dayPattern finds the day of "release-20260831.0", or of a Go module's version.
var dayPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\b(20\d{6})(?:\.\d+\b|\d{6}-)`) })

// sandboxOf says what follows from "runsc version release-20260831.0".
func sandboxOf(path, said string) []Result {
	version := strings.TrimPrefix(said, "runsc version ")
	name := fmt.Sprintf("runsc %s (%s)", version, path)
	r := Result{
		Level: Warning,
		Means: "what was fixed in gVisor since is open here: its fixes are in the newest release alone",
		Fix:   "runsc of " + tested + ", which Bulkhead is tested with, or later, built as a release",
	}
	switch m := dayPattern().FindStringSubmatch(version); {
	case m == nil:
		r.What = name + " does not say of which day it is"
	case m[1] < oldest:
		r.What = name + " is more than a year older than the one that Bulkhead is tested with"
	default:
		return ok("%s has the known fixes", name)
	}
	return []Result{r}
}
