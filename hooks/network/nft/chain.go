package nft

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// A Hook is where packets come to a chain.
type Hook struct {
	Name     string // ingress, egress, prerouting, input, forward, postrouting
	Device   string // of the netdev family
	Priority int32
	// Everywhere is for every device of the network namespace, and for each that
	// comes later, from its first packet on. Of the netdev family, since Linux 6.17;
	// nft reads it since 1.1.5.
	Everywhere bool
}

var hooks = map[string]uint32{
	"ingress": unix.NF_NETDEV_INGRESS, "egress": unix.NF_NETDEV_EGRESS, "prerouting": unix.NF_INET_PRE_ROUTING,
	"input": unix.NF_INET_LOCAL_IN, "forward": unix.NF_INET_FORWARD, "postrouting": unix.NF_INET_POST_ROUTING,
}

// What becomes of a packet: NF_DROP, NF_ACCEPT of linux/netfilter.h.
const (
	drop   = 0
	accept = 1
)

// Of linux/netfilter/nf_tables.h: NFTA_HOOK_DEVS, and NFTA_DEVICE_PREFIX, with
// which the names of devices begin.
const hookDevices, deviceBegins = 4, 2

// String is where it is, for nft.
func (h Hook) String() string {
	device := ""
	if h.Device != "" {
		device = fmt.Sprintf(" device %q", h.Device)
	}
	if h.Everywhere {
		device = ` devices = { "*" }`
	}
	return fmt.Sprintf("type filter hook %s%s priority %d; policy accept;", h.Name, device, h.Priority)
}

func (h Hook) attributes() []attribute {
	at := []attribute{number(unix.NFTA_HOOK_HOOKNUM, hooks[h.Name]), number(unix.NFTA_HOOK_PRIORITY, uint32(h.Priority))}
	if h.Device != "" {
		at = append(at, text(unix.NFTA_HOOK_DEV, h.Device))
	}
	if h.Everywhere {
		at = append(at, nested(hookDevices, text(deviceBegins, "")))
	}
	return []attribute{nested(unix.NFTA_CHAIN_HOOK, at...), number(unix.NFTA_CHAIN_POLICY, accept), text(unix.NFTA_CHAIN_TYPE, "filter")}
}

// AddHook makes a chain that packets come to, and that lets through what it
// does not drop.
func (t Table) AddHook(chain string, h Hook) Command {
	body := append(t.chain(chain), h.attributes()...)
	return change{message{unix.NFT_MSG_NEWCHAIN, unix.NLM_F_CREATE, t.Family, body}, "add chain %s %s { %s }", []any{t, chain, h}}
}

// AddChain makes a chain that others jump to.
func (t Table) AddChain(chain string) Command {
	return change{message{unix.NFT_MSG_NEWCHAIN, unix.NLM_F_CREATE, t.Family, t.chain(chain)}, "add chain %s %s", []any{t, chain}}
}

// DeleteChain removes one that nothing jumps to.
func (t Table) DeleteChain(chain string) Command {
	return change{message{unix.NFT_MSG_DELCHAIN, 0, t.Family, t.chain(chain)}, "delete chain %s %s", []any{t, chain}}
}

func (t Table) chain(name string) []attribute {
	return []attribute{text(unix.NFTA_CHAIN_TABLE, t.Name), text(unix.NFTA_CHAIN_NAME, name)}
}

// AddRule appends a rule to a chain.
func (t Table) AddRule(chain string, r Rule) Command { return ruleOf{t, chain, r} }

type ruleOf struct {
	Table
	chain string
	Rule
}

func (r ruleOf) String() string {
	return fmt.Sprintf("add rule %s %s %s", r.Table, r.chain, r.Rule)
}

func (r ruleOf) encode() ([]message, error) {
	expressions, err := r.expressions(r.Family)
	body := append(r.rules(r.chain), nested(unix.NFTA_RULE_EXPRESSIONS, expressions...))
	return []message{{unix.NFT_MSG_NEWRULE, unix.NLM_F_CREATE | unix.NLM_F_APPEND, r.Family, body}}, err
}

func (t Table) rules(chain string) []attribute {
	return []attribute{text(unix.NFTA_RULE_TABLE, t.Name), text(unix.NFTA_RULE_CHAIN, chain)}
}
