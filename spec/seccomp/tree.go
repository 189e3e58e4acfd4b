package seccomp

import (
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// A tree is one rule with conditions as libseccomp gets it. It merges the trees
// of one call by their nodes, which are comparisons of 32-bit words, and gets
// that wrong where a node leads on from both its branches or from different
// ones: some calls are then denied that a rule allows, and others allowed that
// none does (2.5.4, db.c: _db_rule_gen_64, _db_tree_add, _db_tree_prune).
type tree struct {
	args []specs.LinuxSeccompArg
	how  denial
}

// readTrees makes a rule of each condition as soon as two are on one argument,
// as a delegate does (runc 1.5.2, matchCall).
func readTrees(args []specs.LinuxSeccompArg, how denial) []tree {
	if len(args) == 0 {
		return nil
	}
	if !repeats(args) {
		return []tree{{args, how}}
	}
	trees := make([]tree, len(args))
	for i := range args {
		trees[i] = tree{args[i : i+1], how}
	}
	return trees
}

// repeats reports that two conditions are on one argument.
func repeats(args []specs.LinuxSeccompArg) bool {
	if len(args) > argsMax {
		return true
	}
	for i, a := range args {
		for _, b := range args[:i] {
			if a.Index == b.Index {
				return true
			}
		}
	}
	return false
}

const narrow = 1<<32 - 1 // the largest value that one comparison sees whole

// certain reports that libseccomp denies no call of a 64-bit architecture that
// these rules, of one call, allow. What holds was found with libseccomp: any
// number of comparisons for equality, also under masks; one of another kind as
// a rule's last, if it fits one word; NE beside EQ of the same value only where
// no rule has several arguments, or NE stands alone and has another answer. A
// single rule is always right.
func certain(trees []tree) bool {
	several, unequal := false, false
	for _, t := range trees {
		several = several || len(t.args) > 1
		for _, a := range t.args {
			if a.Op == specs.OpEqualTo || a.Op == specs.OpMaskedEqual {
				continue
			}
			if !t.last(a) || a.Op != specs.OpNotEqual && a.Value > narrow {
				return false
			}
			unequal = unequal || a.Op == specs.OpNotEqual
		}
	}
	return !several || !unequal || !contradict(trees)
}

// contradict reports that a rule has NE where another has EQ of the same value.
func contradict(trees []tree) bool {
	equals := map[comparison][]denial{}
	for _, t := range trees {
		for _, a := range t.args {
			if c := comparisonOf(a); a.Op == specs.OpEqualTo && !slices.Contains(equals[c], t.how) {
				equals[c] = append(equals[c], t.how)
			}
		}
	}
	for _, t := range trees {
		for _, a := range t.args {
			same := equals[comparisonOf(a)]
			if a.Op == specs.OpNotEqual && len(same) > 0 && (len(t.args) > 1 || slices.Contains(same, t.how)) {
				return true
			}
		}
	}
	return false
}

// certain32 reports that libseccomp takes the rules for the same on a 32-bit
// architecture: it cuts off the upper half of every value, and its nodes are
// the same for an operator and its opposite.
func certain32(trees []tree) bool {
	operators := map[comparison][]specs.LinuxSeccompOperator{}
	for _, t := range trees {
		for _, a := range t.args {
			if a.Op == specs.OpMaskedEqual {
				if a.ValueTwo > narrow {
					return false
				}
				continue
			}
			c := comparisonOf(a)
			if a.Value > narrow || slices.Contains(operators[c], opposite[a.Op]) {
				return false
			}
			operators[c] = append(operators[c], a.Op)
		}
	}
	return true
}

// A comparison is what a condition compares, whatever its operator.
type comparison struct {
	index uint
	value uint64
}

func comparisonOf(a specs.LinuxSeccompArg) comparison { return comparison{a.Index, a.Value} }

var opposite = map[specs.LinuxSeccompOperator]specs.LinuxSeccompOperator{
	specs.OpEqualTo: specs.OpNotEqual, specs.OpNotEqual: specs.OpEqualTo,
	specs.OpLessThan: specs.OpGreaterEqual, specs.OpGreaterEqual: specs.OpLessThan,
	specs.OpGreaterThan: specs.OpLessEqual, specs.OpLessEqual: specs.OpGreaterThan,
}

func (t tree) last(a specs.LinuxSeccompArg) bool {
	for _, b := range t.args {
		if b.Index > a.Index {
			return false
		}
	}
	return true
}
