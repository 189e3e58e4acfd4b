package runtime

import (
	"fmt"
	"time"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// glasses finds tenants whose glass is broken, and containers that were started
// under one and still run as their engine asked.
func (v *verification) glasses() error {
	broken, err := Glasses(v.rt.root)
	if err != nil {
		return err
	}
	for _, b := range broken {
		p, err := v.store.Tenant(b.Tenant)
		if b.Glass == nil || err != nil || !v.only.tenant(p) {
			continue
		}
		v.Findings = append(v.Findings, Finding{
			Tenant: p.Name, Field: "enforcement", Want: string(tenant.Enforce),
			Got:  fmt.Sprintf("Audit until %s, its glass is broken: %s", b.Glass.Until.Local().Format(time.TimeOnly), b.Glass.Reason),
			Mend: "bulkhead break-glass --end --tenant " + p.Name,
		})
	}
	records, err := record.List(v.rt.root)
	for _, r := range records {
		if r.Glass && r.Alive() && v.only.container(r) {
			v.Findings = append(v.Findings, Finding{
				Tenant: r.Tenant, Container: nameOf(r), Field: "its enforcement",
				Got: "none, it was started under a broken glass", Want: string(tenant.Enforce), Mend: byStart,
			})
		}
	}
	return err
}
