package seccomp

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// A profile is a filter as it is understood here: for each system call what is
// allowed and how the rest is denied.
type profile struct {
	rest    denial // of what no rule matches; none: it is allowed
	entries []entry
	index   map[string]int // of entries, by name
	read    int            // rules with conditions

	architectures
	flags    []specs.LinuxSeccompFlag
	listener string
}

// none is what no filter is: the top of the order.
var none = profile{architectures: architectures{any: true}}

// read understands a filter. Where rules for one call have different actions
// the stricter counts, whatever their order and conditions.
func read(p *specs.LinuxSeccomp) profile {
	// runc takes an empty filter for none (1.5.2, SetupSeccomp).
	if p == nil || p.DefaultAction == "" && len(p.Syscalls) == 0 {
		return none
	}
	out := profile{
		rest:          denialOf(p.DefaultAction, p.DefaultErrnoRet),
		architectures: readArchitectures(p.Architectures),
		flags:         p.Flags,
		listener:      p.ListenerPath,
	}
	names := 0
	for _, group := range p.Syscalls {
		names += len(group.Names)
	}
	names = min(names, 1024) // each once
	out.entries, out.index = make([]entry, 0, names), make(map[string]int, names)
	for _, group := range p.Syscalls {
		out.add(group)
	}
	for i := range out.entries {
		e := &out.entries[i]
		e.unsure = e.unsure || len(e.trees) > 1 && !certain(e.trees)
	}
	return out
}

// add takes in one entry of the filter for all its names.
func (p *profile) add(group specs.LinuxSyscall) {
	how := denialOf(group.Action, group.ErrnoRet)
	if how == (denial{}) && p.open() {
		return // a delegate skips what equals the default
	}
	alternatives, unclear := readRules(group.Args)
	if unclear && how != (denial{}) { // whatever it matches
		alternatives, how = always, order{}.stricter(how, p.rest)
	}
	trees := readTrees(group.Args, how)
	p.read += len(trees) * len(group.Names)
	for _, name := range group.Names {
		i, known := p.index[name]
		if !known {
			i = len(p.entries)
			p.entries, p.index[name] = append(p.entries, entry{name: name}), i
		}
		e := &p.entries[i]
		if p.read > maxRead && len(trees) > 0 {
			e.unsure = true
			e.add(how, nil)
			continue
		}
		e.add(how, alternatives)
		e.trees = append(e.trees, trees...)
	}
}

func (p *profile) open() bool { return p.rest == (denial{}) }

func (p *profile) top() bool { return p.index == nil }

// kills reports a filter that names no call and denies all of them more strictly
// than with an error.
func (p *profile) kills() bool { return len(p.entries) == 0 && p.rest.class() < failure }

func (p *profile) names(call string) bool {
	_, ok := p.index[call]
	return ok
}

// side returns the entry of a system call, whether the filter names it or not.
func (p *profile) side(name string) side {
	if i, ok := p.index[name]; ok {
		return side{&p.entries[i], p.rest}
	}
	return side{&nothing, p.rest}
}
