package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Decision is what became of a request.
type Decision string

const (
	Accepted Decision = "accepted" // unchanged
	Narrowed Decision = "narrowed"
	Refused  Decision = "refused"
	Audited  Decision = "audited" // would have been changed or refused under Enforce; passed unchanged
	Exempted Decision = "exempt"
	Broken   Decision = "broken"   // no request: a tenant's glass was broken
	Mended   Decision = "mended"   // it was ended before its time
	Reported Decision = "reported" // started, although its tenant has no room for it (NodePolicy.kubernetes.tenantTotal)
)

// Entry is one line of the audit log. It never holds the value of an
// environment variable: no isolator changes process.env, and hooks, which have
// an environment too, are left out.
type Entry struct {
	Time      time.Time        `json:"time"`
	Operation string           `json:"operation"` // create, exec or update; break-glass
	Scope     string           `json:"scope"`
	Container string           `json:"container"`
	Tenant    string           `json:"tenant,omitempty"`
	Version   string           `json:"version,omitempty"` // of the policy
	Decision  Decision         `json:"decision"`
	Glass     string           `json:"glass,omitempty"` // the reason for which the tenant's glass is broken
	By        string           `json:"by,omitempty"`    // who broke it, or ended it
	Until     time.Time        `json:"until,omitzero"`
	Error     string           `json:"error,omitempty"` // why there was no decision: no tenant, a broken policy
	Denials   isolator.Denials `json:"denials,omitempty"`
	Changes   []spec.Change    `json:"changes,omitempty"`
}

// Append writes one line to the audit log if the node records entries of this
// kind. Its error is nil when the log's policy is to continue without.
func Append(root tenant.Root, log tenant.AuditLog, e Entry) error {
	if !wanted(log.Record, e) {
		return nil
	}
	e.Changes = shortened(e.Changes)
	err := appendLine(root.Path(log.Path), e)
	if err != nil && log.OnError == "Refuse" {
		return fmt.Errorf("audit log: %w", err)
	}
	return nil
}

// wanted leaves out, unless all is recorded, an exec that was only narrowed: an
// engine sends what the container had before its own rewrite with every probe.
// While a glass is broken everything is recorded.
func wanted(record string, e Entry) bool {
	denied := e.Decision == Refused || e.Decision == Exempted || e.Decision == Audited && e.Operation != "exec" || len(e.Denials) > 0
	switch {
	case record == "All", e.Glass != "", e.Decision == Mended:
		return true
	case record == "Changed":
		return denied || e.Decision == Narrowed && e.Operation != "exec"
	default: // Denied
		return denied
	}
}

// longest and most bound one value in a line, in bytes of JSON and in entries of
// a list: a filter has 20,000 and 400, and an annotation may have millions.
const (
	longest = 1024
	most    = 64
)

// shortened replaces what is long, and what may hold an environment, by its size.
func shortened(changes []spec.Change) []spec.Change {
	out := slices.Clone(changes)
	for i := range out {
		for _, v := range []*any{&out[i].Value, &out[i].Before} {
			if *v == nil {
				continue
			}
			if list := reflect.ValueOf(*v); list.Kind() == reflect.Slice && list.Len() > most {
				*v = fmt.Sprintf("(%d entries)", list.Len())
				continue
			}
			data, err := json.Marshal(*v)
			if err != nil || len(data) > longest || strings.HasPrefix(out[i].Path, "/spec/hooks") {
				*v = fmt.Sprintf("(%d bytes)", len(data))
			}
		}
	}
	return out
}

// appendLine makes one write, which O_APPEND keeps whole beside those of other shims.
func appendLine(path string, e Entry) error {
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	return errors.Join(err, f.Close())
}
