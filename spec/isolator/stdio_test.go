package isolator_test

import (
	"testing"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

func TestExecStreamsAreDecidedAsThoseOfCreate(t *testing.T) {
	c := &isolator.Case{
		Node:  &tenant.Node{Stdio: tenant.Stdio{LogFolders: []string{"/var/log/pods"}}},
		Facts: isolator.Facts{Fifos: []string{"/run/containerd/fifo/1/e1-stdout"}},
	}
	for stdout, denied := range map[string]bool{
		"/run/containerd/fifo/1/e1-stdout":  false,
		"/etc/shadow":                       true,
		"/run/containerd/fifo/1/e1-stdout?": true,
		"file:///var/log/pods/e1.log":       false,
		"file:///etc/passwd":                true,
		"binary:///bin/sh":                  true,
	} {
		denials, err := isolator.DenialsOf(isolator.ExecStdio(c, isolator.Stdio{Stdout: stdout}))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(denials) > 0; got != denied {
			t.Errorf("%s: denied %v, want %v", stdout, got, denied)
		}
	}
}
