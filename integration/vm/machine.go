package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// kernelArguments are those of each mode: who is PID 1, and in which cgroups.
var kernelArguments = map[string]string{
	"cgroupfs": "init=/usr/local/lib/bulkhead-vm/init",
	"systemd":  "init=/usr/sbin/init systemd.getty_auto=no systemd.unified_cgroup_hierarchy=1",
	// The controllers of cgroup v1, and a hierarchy of v2 that has none.
	"hybrid": "init=/usr/sbin/init systemd.getty_auto=no systemd.unified_cgroup_hierarchy=0",
}

func modes() []string { return slices.Sorted(maps.Keys(kernelArguments)) }

// machine is a virtual machine that runs one test program.
type machine struct {
	image, mode  string
	memory, cpus int
}

// run runs the machine to its end and returns the exit status of the tests. An
// error says that there is none, with what the machine last said.
func (m machine) run(ctx context.Context, d *disks) (int, error) {
	defer d.close()
	var complaints bytes.Buffer
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", m.arguments()...)
	cmd.Stdout = struct{ io.Writer }{os.Stdout} // a pipe: QEMU would make ours non-blocking
	cmd.Stderr = &complaints
	cmd.ExtraFiles = d.files()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if code, err := strconv.Atoi(strings.TrimSpace(content(d.status))); err == nil {
		return code, nil
	}
	if err == nil {
		err = errors.New("the VM ended before its tests did")
	}
	return 0, fmt.Errorf("%w\n%sits console ends:\n%s", err, complaints.String(), tail(content(d.console), 40))
}

// arguments are QEMU's. Files that it inherits are named by their numbers, so
// that none is left when it is killed.
func (m machine) arguments() []string {
	disk := func(serial, options string) []string {
		return []string{
			"-drive", "if=none,format=raw,cache=unsafe,id=" + serial + "," + options,
			"-device", "virtio-blk-pci,drive=" + serial + ",serial=" + serial,
		}
	}
	return slices.Concat(
		[]string{
			"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
			"-machine", "q35", "-accel", "tcg,thread=multi",
			"-cpu", "max,la57=off,erms=off", // five levels of pages, and copies by the byte, are slow to emulate
			"-smp", strconv.Itoa(m.cpus), "-m", strconv.Itoa(m.memory),
			"-kernel", filepath.Join(m.image, "vmlinuz"), "-initrd", filepath.Join(m.image, "initramfs"),
			// Docker 20.10 starts nothing below AppArmor without its parser.
			"-append", "console=ttyS0 quiet panic=-1 mitigations=off psi=1 apparmor=0 " + kernelArguments[m.mode],
		},
		disk("bulkhead-system", "snapshot=on,file="+filepath.Join(m.image, "system")),
		disk("bulkhead-tests", "file=/proc/self/fd/3"),
		disk("bulkhead-io", "file=/proc/self/fd/4,throttling.bps-total="+strconv.Itoa(ioRate)),
		[]string{
			"-chardev", "file,id=console,path=/proc/self/fd/5", "-serial", "chardev:console",
			"-chardev", "stdio,id=tests,signal=off", "-serial", "chardev:tests",
			"-chardev", "file,id=status,path=/proc/self/fd/6", "-serial", "chardev:status",
		},
	)
}

// content reads a file from its beginning.
func content(f *os.File) string {
	data, _ := io.ReadAll(io.NewSectionReader(f, 0, 1<<20)) // what cannot be read was not said
	return strings.ReplaceAll(string(data), "\r", "")
}

// tail returns the last lines of a text.
func tail(text string, lines int) string {
	if text == "" {
		return "(it said nothing)"
	}
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
