package main

import (
	"encoding/json"
	"errors"
	"regexp"
	"time"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// auditInterval is how often the audit log is read without a scrape.
const auditInterval = 5 * time.Second

// A denier is who was denied something, and by which isolator.
type denier struct{ tenant, isolator string }

// mostDeniers bounds the labels that a log can make, and so the memory here and
// in Prometheus. A node has fewer tenants than this by far.
const mostDeniers = 10_000

// auditCount counts the denials of the audit log, from its beginning, as it
// grows. It trusts nothing in it.
type auditCount struct {
	root            tenant.Root
	file            follower
	denied, audited map[denier]float64
	skipped         float64 // lines
}

func newAuditCount(root tenant.Root) *auditCount {
	return &auditCount{root: root, denied: map[denier]float64{}, audited: map[denier]float64{}}
}

// read counts what was appended since. The log is where the policy in force says.
func (a *auditCount) read() error {
	log, err := auditLog(a.root)
	if err != nil {
		return err
	}
	err = a.file.read(a.root.Path(log.Path), a.line)
	a.skipped += float64(a.file.tooLong)
	a.file.tooLong = 0
	return err
}

func auditLog(root tenant.Root) (tenant.AuditLog, error) {
	st, err := tenant.Open(root)
	if errors.Is(err, tenant.ErrNoPolicy) {
		return tenant.DefaultAuditLog, nil
	}
	if err != nil {
		return tenant.AuditLog{}, err
	}
	node, err := st.Node()
	if err != nil {
		return tenant.AuditLog{}, err
	}
	return node.AuditLog, nil
}

func (a *auditCount) line(data []byte) {
	var e struct {
		Tenant   string          `json:"tenant"`
		Decision record.Decision `json:"decision"`
		Denials  []struct {
			Isolator string `json:"isolator"`
		} `json:"denials"`
	}
	if json.Unmarshal(data, &e) != nil {
		a.skipped++
		return
	}
	into := a.audited
	switch e.Decision {
	case record.Refused:
		into = a.denied
		if len(e.Denials) == 0 {
			count(into, denier{label(e.Tenant), "policy"})
		}
	case record.Audited, record.Reported:
	default:
		return
	}
	for _, d := range e.Denials {
		count(into, denier{label(e.Tenant), label(d.Isolator)})
	}
}

func count(into map[denier]float64, who denier) {
	if _, known := into[who]; !known && len(into) >= mostDeniers {
		who = denier{other, other}
	}
	into[who]++
}

// other is the label of what has no proper name. No tenant's begins with '('.
const other = "(other)"

// proper are the names of tenants (RFC 1123 labels) and of isolators.
var proper = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,62}$`)

func label(name string) string {
	if name == "" || proper.MatchString(name) {
		return name
	}
	return other
}
