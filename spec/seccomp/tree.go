package seccomp

import (
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

func repeats(args []specs.LinuxSeccompArg) bool {
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
	several := false
	for _, t := range trees {
		several = several || len(t.args) > 1
	}
	for i, t := range trees {
		for _, a := range t.args {
			switch {
			case a.Op == specs.OpEqualTo || a.Op == specs.OpMaskedEqual:
				continue
			case !t.last(a), a.Op != specs.OpNotEqual && a.Value > narrow:
				return false
			case !several || a.Op != specs.OpNotEqual:
				continue
			}
			for j, u := range trees {
				if i != j && (len(t.args) > 1 || t.how == u.how) && u.has(a.Index, specs.OpEqualTo, a.Value) {
					return false
				}
			}
		}
	}
	return true
}

// certain32 reports that libseccomp takes the rules for the same on a 32-bit
// architecture: it cuts off the upper half of every value, and its nodes are
// the same for an operator and its opposite.
func certain32(trees []tree) bool {
	for i, t := range trees {
		for _, a := range t.args {
			if a.Op == specs.OpMaskedEqual && a.ValueTwo > narrow || a.Op != specs.OpMaskedEqual && a.Value > narrow {
				return false
			}
			for j, u := range trees {
				if i != j && opposite[a.Op] != "" && u.has(a.Index, opposite[a.Op], a.Value) {
					return false
				}
			}
		}
	}
	return true
}

var opposite = map[specs.LinuxSeccompOperator]specs.LinuxSeccompOperator{
	specs.OpNotEqual:    specs.OpEqualTo,
	specs.OpLessThan:    specs.OpGreaterEqual,
	specs.OpGreaterThan: specs.OpLessEqual,
}

func (t tree) last(a specs.LinuxSeccompArg) bool {
	for _, b := range t.args {
		if b.Index > a.Index {
			return false
		}
	}
	return true
}

func (t tree) has(index uint, op specs.LinuxSeccompOperator, value uint64) bool {
	for _, a := range t.args {
		if a.Index == index && a.Op == op && a.Value == value {
			return true
		}
	}
	return false
}
