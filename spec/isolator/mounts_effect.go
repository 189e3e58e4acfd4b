package isolator

import (
	"math"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// restraint says where a flag of a mount is set.
type restraint uint8

const (
	everywhere restraint = iota // with all that is mounted below
	topOnly                     // not on what is mounted below
	asSource                    // where the node's own mount has it
	lifted                      // nowhere, whatever the node's own mount has
)

// A flag is an option that restrains, with its recursive form and what lifts
// each.
type flag struct{ set, lift, setAll, liftAll string }

func (f flag) names(o string) bool {
	return o != "" && (o == f.set || o == f.lift || o == f.setAll || o == f.liftAll)
}

var restraints = [...]flag{
	readOnlyFlag: {"ro", "rw", "rro", "rrw"},
	{"nosuid", "suid", "rnosuid", "rsuid"},
	{"nodev", "dev", "rnodev", "rdev"},
	{"noexec", "exec", "rnoexec", "rexec"},
	{set: "newinstance"},
}

const readOnlyFlag = 0

// sharingRanks order how a mount shares what is mounted in it with the node: not
// at all, from there, both ways.
var sharingRanks = map[string]int{"private": 0, "rprivate": 0, "": 1, "slave": 1, "rslave": 1, "shared": 2, "rshared": 2}

// An effect is what the options of a mount come to.
type effect struct {
	kind      string // the filesystem
	recursive bool   // it shows what is mounted below the source too
	flags     [len(restraints)]restraint
	sharing   int
	size      int64    // of a tmpfs
	terminals int64    // of devpts
	others    []string // of which nothing is known, or nothing that matters outside
}

func effectOf(m specs.Mount) effect {
	e := effect{kind: m.Type, recursive: slices.Contains(m.Options, "rbind"), sharing: sharingOf(m.Options)}
	bind := isBind(m)
	if bind {
		e.kind = "bind"
	}
	e.flags = restraintsOf(m.Options, bind, e.recursive)
	sized, bounded := false, false
	e.size, sized = boundOf(m, "size")
	e.terminals, bounded = boundOf(m, "max")
	for _, o := range m.Options {
		key, _, _ := strings.Cut(o, "=")
		_, shares := sharingRanks[o]
		known := shares || o == "bind" || o == "rbind" || sized && key == "size" || bounded && key == "max" ||
			slices.ContainsFunc(restraints[:], func(f flag) bool { return f.names(o) })
		if !known {
			e.others = append(e.others, o)
		}
	}
	return e
}

func sharingOf(options []string) int {
	most, some := 0, false
	for _, o := range options {
		if rank, shares := sharingRanks[o]; shares {
			most, some = max(most, rank), true
		}
	}
	if !some {
		return sharingRanks[""]
	}
	return most
}

// boundOf returns the number of an option, or no bound; known is false where it
// is none that is understood.
func boundOf(m specs.Mount, key string) (n int64, known bool) {
	value := option(m, key)
	n, ok := bytesIn(value)
	if !ok || n == 0 {
		return math.MaxInt64, ok
	}
	return n, true
}

func restraintsOf(options []string, bind, recursive bool) (all [len(restraints)]restraint) {
	// A delegate that is given a flag for a bind mount sets all of them anew.
	anew := bind && slices.ContainsFunc(options, func(o string) bool {
		return slices.Contains(flagOptions, o) || slices.ContainsFunc(restraints[:], func(f flag) bool { return o != "" && o == f.lift })
	})
	for i, f := range restraints {
		all[i] = asSource
		if anew {
			all[i] = lifted
		}
		for _, o := range options {
			switch {
			case o == "":
			case o == f.set && !(bind && recursive):
				all[i] = everywhere
			case o == f.set:
				all[i] = topOnly
			case o == f.lift && bind:
				all[i] = lifted
			case o == f.lift:
				all[i] = asSource
			}
		}
		for _, o := range options { // what is said of all counts after that
			switch {
			case o == "":
			case o == f.setAll:
				all[i] = everywhere
			case o == f.liftAll:
				all[i] = lifted
			}
		}
	}
	return all
}
