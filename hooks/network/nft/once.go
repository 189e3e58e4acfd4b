package nft

import "strings"

// Once makes a chain with its rules. It has to be left out where the chain is
// there already, which then stays as it is, with what its rules remember: other
// rules need another name.
type Once struct {
	Table
	Chain string
	make  Script
}

// AddChainOnce makes a chain that others jump to.
func (t Table) AddChainOnce(chain string, r Rule) Command {
	return Once{t, chain, Script{t.AddChain(chain), t.AddRule(chain, r)}}
}

// AddHookOnce makes a chain that packets come to.
func (t Table) AddHookOnce(chain string, h Hook, rules ...Rule) Command {
	o := Once{t, chain, Script{t.AddHook(chain, h)}}
	for _, r := range rules {
		o.make = append(o.make, t.AddRule(chain, r))
	}
	return o
}

func (o Once) String() string { return strings.TrimSuffix(o.make.String(), "\n") }

func (o Once) encode() (all []message, err error) {
	for _, c := range o.make {
		m, err := c.encode()
		if err != nil {
			return nil, err
		}
		all = append(all, m...)
	}
	return all, nil
}
