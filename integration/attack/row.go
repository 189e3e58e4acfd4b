// Package attack is the catalogue of attacks that Bulkhead is measured by. The
// tests with real engines try what can be tried, and docs/attacks.md is printed
// from the same rows.
package attack

// A Row is one attack. What its fixtures ask for is in
// spec/isolator/testdata/attack, by its number.
type Row struct {
	Number  string // as fixtures and comments cite it: "31", "i7"
	Attack  string // what somebody does, and what was broken so before
	Stops   string // isolators, or what else
	Tries   []Try  // what is tried on real containers
	Tested  string // the tests that try it in another way, by name
	Untried string // why it is not, or not on this kernel
}

// A Try is one technique of integration/probe, and what comes of it: "ok" when it
// gets through, else the error; "ok|EPERM" where machines differ.
type Try struct {
	Technique  string
	Privileged string // under the stock shim, privileged: the positive control
	Stock      string // under the stock shim, with containerd's default spec and filter
	Bulkhead   string // under Bulkhead, level baseline, asking for no filter
	Below      string // why the control does not get through, where it does not
}

// Rows are the whole catalogue, in order.
func Rows() []Row {
	var all []Row
	for _, part := range [][]Row{around, races, kernel, network, exhaustion} {
		all = append(all, part...)
	}
	return all
}
