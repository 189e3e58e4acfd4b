package cgroup

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/cgroups"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// churn is a shim: args[1] times it starts and ends a container of tenant t0,
// t1 or t2 of the installation args[0], and prints a line before each step.
func churn(args []string) error {
	root := tenant.Root(args[0])
	rounds, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	for i := range rounds {
		p := &tenant.Policy{Name: fmt.Sprintf("t%d", rand.IntN(3)), Limits: tenant.Limits{MemoryBytes: new(int64(64 << 20)), Pids: 99}}
		if err := lifetime(root, p, fmt.Sprintf("%d-%d", os.Getpid(), i), func() { fmt.Println("step") }); err != nil {
			return err
		}
	}
	return nil
}

// lifetime is one container's, from its record to its release.
func lifetime(root tenant.Root, p *tenant.Policy, id string, step func()) error {
	parent := placeOf(root, p.Name)
	r := &record.Record{Scope: "containerd:test", ID: id, Tenant: p.Name, TenantCgroup: parent}
	step()
	err := locking(root, p, func(t *Tree) error {
		if err := record.Create(root, r); err != nil {
			return err
		}
		return t.Ensure(&Tenant{Policy: p})
	})
	if err != nil {
		return err
	}
	step()
	child, err := open(parent + "/test." + id + ".c")
	if err != nil {
		return err
	}
	if err := child.Apply(-1); err != nil {
		return fmt.Errorf("the delegate's part: %w", err)
	}
	for controller, path := range child.GetPaths() {
		// The module hides a failure in hierarchies without a controller.
		if !cgroups.PathExists(path) {
			return fmt.Errorf("%s (%s) was removed under a container", path, controller)
		}
	}
	tenants, err := open(parent)
	if err != nil {
		return err
	}
	if got, err := cgroups.ReadFile(tenants.Path("pids"), "pids.max"); err != nil || got != "99\n" {
		return fmt.Errorf("the tenant's pids.max is %q: %w", got, err)
	}
	step()
	if err := child.Destroy(); err != nil {
		return err
	}
	if err := record.Remove(root, r.Scope, r.ID); err != nil {
		return err
	}
	step()
	return release(root, p.Name)
}

func churning(t *testing.T, root tenant.Root, rounds int) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", string(root), strconv.Itoa(rounds))
	cmd.Env = []string{roleEnv + "=churn"}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewReader(out)
}

func TestParallelShimsNeverRemoveACgroupInUse(t *testing.T) {
	root := installation(t)
	var all sync.WaitGroup
	for range 6 {
		cmd, out := churning(t, root, 20)
		all.Go(func() {
			io.Copy(io.Discard, out)
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	for i := range 50 {
		p := &tenant.Policy{Name: "t0", Limits: tenant.Limits{MemoryBytes: new(int64(64 << 20)), Pids: 99}}
		all.Go(func() {
			if err := lifetime(root, p, strconv.Itoa(i), func() {}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if left := residue(t, root); left != nil {
		t.Errorf("left: %v", left)
	}
}

// With two tenants the installation's own cgroup comes and goes all the time.
func TestTheLastTenantDoesNotTakeTheParentFromTheNext(t *testing.T) {
	root := installation(t)
	var all sync.WaitGroup
	for _, name := range []string{"t0", "t1"} {
		p := &tenant.Policy{Name: name, Limits: tenant.Limits{Pids: 99}}
		all.Go(func() {
			for i := range 150 {
				if err := lifetime(root, p, fmt.Sprintf("%s-%d", name, i), func() {}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

func TestAKilledShimLeavesNothingOnceItsContainerIsDeleted(t *testing.T) {
	root := installation(t)
	for range 25 {
		cmd, out := churning(t, root, 1000)
		for range 1 + rand.IntN(6) {
			if _, err := out.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		<-time.After(rand.N(2 * time.Millisecond)) // not a wait: any point will do
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()

		// What the engine's call of the shim's delete does for each container,
		// and gc for the rest.
		records, err := record.List(root)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if err := record.Remove(root, r.Scope, r.ID); err != nil {
				t.Fatal(err)
			}
		}
		places, err := New(root, nil).Places()
		if err != nil {
			t.Fatal(err)
		}
		for _, place := range places {
			if err := New(root, nil).Release(place); err != nil {
				t.Fatal(err)
			}
		}
		if err := New(root, nil).ReleaseBase(); err != nil {
			t.Fatal(err)
		}
		if left := residue(t, root); left != nil {
			t.Fatalf("left: %v", left)
		}
	}
}
