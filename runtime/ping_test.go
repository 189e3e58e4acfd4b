package runtime

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// connected starts a process with a network and a user namespace of its own.
func connected(t *testing.T) (pid int, network string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: makes namespaces")
	}
	cmd := exec.Command("sleep", "60")
	ids := []syscall.SysProcIDMap{{HostID: 100000, Size: 1000}}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWUSER, UidMappings: ids, GidMappings: ids}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	return cmd.Process.Pid, fmt.Sprintf("/proc/%d/ns/net", cmd.Process.Pid)
}

// groups are those that may ping where a process is.
func groups(t *testing.T, network string) string {
	t.Helper()
	h, err := openNamespace(network)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(h.fd)
	var data []byte
	err = namespace.In(h.fd, func() (err error) {
		data, err = os.ReadFile("/proc/sys/net/ipv4/ping_group_range")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(data)), " ")
}

func TestPingIsOpenedWhereTheNetworkIsTheContainers(t *testing.T) {
	const closed, open = "1 0", "0 2147483647"
	for _, c := range []struct {
		name    string
		change  func(s *specs.Spec, r *record.Record, network string)
		brought bool
		want    string
	}{
		{name: "its own", want: open},
		{name: "one that its engine made for it", brought: true, want: open, change: func(s *specs.Spec, _ *record.Record, network string) {
			s.Linux.Namespaces[0].Path = network
		}},
		{name: "another container's", want: closed, change: func(s *specs.Spec, _ *record.Record, network string) {
			s.Linux.Namespaces[0].Path = network
		}},
		{name: "none of its own", want: closed, change: func(s *specs.Spec, _ *record.Record, _ string) { s.Linux.Namespaces = nil }},
		{name: "of a tenant in Audit", want: closed, change: func(_ *specs.Spec, r *record.Record, _ string) { r.Enforced = false }},
		{name: "with a request of its own", want: closed, change: func(s *specs.Spec, _ *record.Record, _ string) {
			s.Linux.Sysctl = map[string]string{"net.ipv4.ping_group_range": "5 7"} // which the delegate sets
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			pid, network := connected(t)
			s := &specs.Spec{Linux: &specs.Linux{Namespaces: []specs.LinuxNamespace{{Type: specs.NetworkNamespace}}}}
			r := &record.Record{Scope: record.Scope("acme"), ID: "c1", Enforced: true}
			if c.change != nil {
				c.change(s, r, network)
			}
			a := &Accepted{Request: &isolator.Request{Spec: s}, record: r, held: hold(s)}
			defer a.Close()
			if c.brought {
				r.Namespaces = []record.Namespace{a.held[network].id}
			}
			if err := a.OpenPing(pid); err != nil {
				t.Fatal(err)
			}
			if got := groups(t, network); got != c.want {
				t.Errorf("groups %s may ping, want %s", got, c.want)
			}
		})
	}
}
