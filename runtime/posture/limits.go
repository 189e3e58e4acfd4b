package posture

import (
	"math"
	"os"
	"strconv"
	"strings"
)

// Limit is a resource limit in the unit of getrlimit(2); Unlimited is none.
type Limit struct{ Soft, Hard uint64 }

// Unlimited is RLIM_INFINITY.
const Unlimited = math.MaxUint64

// limitNames are the lines of /proc/<pid>/limits. Source: fs/proc/base.c.
var limitNames = map[string]string{
	"Max cpu time": "RLIMIT_CPU", "Max file size": "RLIMIT_FSIZE", "Max data size": "RLIMIT_DATA", "Max stack size": "RLIMIT_STACK",
	"Max core file size": "RLIMIT_CORE", "Max resident set": "RLIMIT_RSS", "Max processes": "RLIMIT_NPROC",
	"Max open files": "RLIMIT_NOFILE", "Max locked memory": "RLIMIT_MEMLOCK", "Max address space": "RLIMIT_AS",
	"Max file locks": "RLIMIT_LOCKS", "Max pending signals": "RLIMIT_SIGPENDING", "Max msgqueue size": "RLIMIT_MSGQUEUE",
	"Max nice priority": "RLIMIT_NICE", "Max realtime priority": "RLIMIT_RTPRIO", "Max realtime timeout": "RLIMIT_RTTIME",
}

func (p *Posture) readLimits() error {
	data, err := os.ReadFile(p.path("limits"))
	if err != nil {
		return err
	}
	p.Limits = map[string]Limit{}
	for line := range strings.Lines(string(data)) {
		if len(line) < 46 { // the name has 25 columns, each value 20
			continue
		}
		name, known := limitNames[strings.TrimSpace(line[:25])]
		values := strings.Fields(line[25:])
		if !known || len(values) < 2 {
			continue
		}
		soft, err := limit(values[0])
		if err != nil {
			return err
		}
		hard, err := limit(values[1])
		if err != nil {
			return err
		}
		p.Limits[name] = Limit{soft, hard}
	}
	return nil
}

func limit(text string) (uint64, error) {
	if text == "unlimited" {
		return Unlimited, nil
	}
	return strconv.ParseUint(text, 10, 64)
}
