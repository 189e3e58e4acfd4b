package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

func whyCommand() *cobra.Command {
	var last bool
	var output string
	cmd := &cobra.Command{
		Use:   "why (CONTAINER | --last) [-o json]",
		Short: "says what was decided of a container, and why",
		Long: `Reads the audit log from its end and explains the last decision on a container,
named by the beginning of its id, or the last decision at all.`,
		Example:           "  bulkhead why --last\n  bulkhead why web1 -o json",
		Args:              between(0, 1),
		ValidArgsFunction: completeKind("container"),
	}
	cmd.Flags().BoolVar(&last, "last", false, "the last decision on any container")
	jsonFlag(cmd, &output)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if last == (len(args) == 1) {
			return fmt.Errorf("want a container or --last: %s", cmd.UseLine())
		}
		e, err := lastEntry(here(), append(args, "")[0])
		if err != nil {
			return err
		}
		if output == "json" {
			return printJSON(cmd.OutOrStdout(), e)
		}
		explainEntry(cmd.OutOrStdout(), e)
		return nil
	}
	return cmd
}

// lastEntry is the newest entry of a container whose id begins with id.
func lastEntry(root tenant.Root, id string) (*record.Entry, error) {
	log := tenant.DefaultAuditLog
	st, err := tenant.Open(root)
	if err == nil {
		var node *tenant.Node
		if node, err = st.Node(); err == nil {
			log = node.AuditLog
		}
	}
	if err != nil && !errors.Is(err, tenant.ErrNoPolicy) {
		return nil, err
	}
	f, err := os.Open(root.Path(log.Path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the audit log %s is empty; it records: %s", root.Path(log.Path), log.Record)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var found *record.Entry
	err = backwards(f, func(line []byte) bool {
		e := new(record.Entry)
		if json.Unmarshal(line, e) != nil || !strings.HasPrefix(e.Container, id) {
			return true
		}
		found = e
		return false
	})
	if err == nil && found == nil {
		err = fmt.Errorf("the audit log has nothing of container %q; it records: %s", id, log.Record)
	}
	return found, err
}

func explainEntry(w io.Writer, e *record.Entry) {
	fmt.Fprintf(w, "%s of %s was %s\n", e.Operation, whose(e), decisionText(e.Decision))
	fmt.Fprintf(w, "  tenant  %s\n  policy  %s\n  time    %s\n", cmp.Or(e.Tenant, "none"), cmp.Or(short(e.Version), "none"), e.Time.Local().Format(time.DateTime))
	if e.Glass != "" {
		fmt.Fprintf(w, "  glass   broken: %s\n", plain(e.Glass))
	}
	if e.Error != "" {
		fmt.Fprintf(w, "\n%s\n", e.Error)
	}
	if len(e.Denials) > 0 {
		fmt.Fprintln(w)
		showDenials(w, e.Denials)
	}
	if len(e.Changes) > 0 {
		fmt.Fprintln(w)
		showEdits(w, e.Changes)
	}
}

// whose is the container, or the tenant whose glass it was.
func whose(e *record.Entry) string {
	if e.Container == "" {
		return "tenant/" + e.Tenant
	}
	return namespaceOf(e.Scope) + "/" + e.Container
}

func decisionText(d record.Decision) string {
	switch d {
	case record.Audited:
		return "audited: it passed as asked; enforced, it would have been as below"
	case record.Exempted:
		return "exempt: it passed as asked"
	case record.Accepted:
		return "accepted unchanged"
	case record.Broken:
		return "done: the tenant acts as Audit"
	case record.Mended:
		return "ended: the tenant is enforced"
	}
	return string(d)
}
