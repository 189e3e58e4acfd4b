package runtime

import (
	"fmt"
	"io/fs"
	"os"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// networkAt opens the network namespace of a process, which must still be the
// one that was recorded: a pid is reused, and so is an inode.
func networkAt(p record.Process, ns record.Namespace) (*os.File, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", p.Pid))
	if err != nil {
		return nil, err
	}
	now, err := namespaceAt(int(f.Fd()))
	if err == nil && (now != ns || !p.Alive()) {
		err = fmt.Errorf("the network namespace of process %d: %w", p.Pid, fs.ErrNotExist)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// beyond opens the namespace that a container's walls stand in: this process's
// own as a rule. Its error is fs.ErrNotExist when nobody is known to be in it
// any longer; the walls went with it, if it is gone.
func beyond(n *record.Network) (*os.File, error) {
	self, err := ownProcess()
	if err != nil {
		return nil, err
	}
	if f, err := networkAt(self, n.Outside); err == nil {
		return f, nil
	}
	return networkAt(n.Witness, n.Outside)
}

func ownProcess() (record.Process, error) {
	start, err := record.StartTime(os.Getpid())
	return record.Process{Pid: os.Getpid(), StartTime: start}, err
}

// hereAsNetwork says where walls stand that this process raises for a container.
func hereAsNetwork(r *record.Record) (*record.Network, error) {
	self, err := ownProcess()
	if err != nil {
		return nil, err
	}
	ns, err := namespaceOf(self.Pid, specs.NetworkNamespace)
	return &record.Network{Scope: r.Scope, ID: r.ID, Outside: ns, Witness: self}, err
}
