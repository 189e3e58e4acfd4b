package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
)

// Entry is one line of the audit log. It never holds the value of an
// environment variable: no isolator's changes include process.env.
type Entry struct {
	Time      time.Time        `json:"time"`
	Operation string           `json:"operation"` // create, exec or update
	Scope     string           `json:"scope"`
	Container string           `json:"container"`
	Tenant    string           `json:"tenant,omitempty"`
	Version   string           `json:"version,omitempty"` // of the policy
	Decision  Decision         `json:"decision"`
	Error     string           `json:"error,omitempty"` // why there was no decision: no tenant, a broken policy
	Denials   isolator.Denials `json:"denials,omitempty"`
	Changes   []spec.Change    `json:"changes,omitempty"`
}

// Append writes one line to the audit log if the node records entries of this
// kind. Its error is nil when the log's policy is to continue without.
func Append(root tenant.Root, log tenant.AuditLog, e Entry) error {
	if !wanted(log.Record, e.Decision) {
		return nil
	}
	err := appendLine(root.Path(log.Path), e)
	if err != nil && log.OnError == "Refuse" {
		return fmt.Errorf("audit log: %w", err)
	}
	return nil
}

func wanted(record string, d Decision) bool {
	switch record {
	case "All":
		return true
	case "Changed":
		return d != Accepted
	default: // Denied
		return d == Refused || d == Audited || d == Exempted
	}
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
