package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/fs2"
)

// BlockDevice is a whole disk, and how the kernel shares it.
type BlockDevice struct {
	Name         string // "vda"
	Major, Minor uint32
	Scheduler    string   // in use: "mq-deadline"
	Schedulers   []string // that it may have
	CostModel    bool     // io.cost shares it, whatever the scheduler
	CostOffered  bool     // the kernel has io.cost
}

// Disks are the disks of hardware. Others, such as a loop device or a volume of
// LVM, pass what they are asked on to one, which shares it.
func Disks() ([]BlockDevice, error) {
	entries, err := os.ReadDir("/sys/block")
	if err != nil {
		return nil, fmt.Errorf("find disks: %w", err)
	}
	modelled, offered := "", false
	if v2() {
		modelled, err = cgroups.ReadFile(fs2.UnifiedMountpoint, "io.cost.qos")
		offered = err == nil
	}
	var all []BlockDevice
	for _, e := range entries {
		sys := filepath.Join("/sys/block", e.Name())
		if real, err := filepath.EvalSymlinks(sys); err != nil || strings.Contains(real, "/virtual/") {
			continue
		}
		d := BlockDevice{Name: e.Name(), CostOffered: offered}
		if size, err := os.ReadFile(filepath.Join(sys, "size")); err != nil || strings.TrimSpace(string(size)) == "0" {
			continue // a drive without a medium
		}
		if d.Major, d.Minor, err = numbersIn(sys); err != nil {
			return nil, err
		}
		// Without the file the disk has no queue, and so no scheduler.
		text, _ := os.ReadFile(filepath.Join(sys, "queue", "scheduler"))
		d.Scheduler, d.Schedulers = schedulersIn(string(text))
		d.CostModel = modelledIn(modelled, fmt.Sprintf("%d:%d", d.Major, d.Minor))
		all = append(all, d)
	}
	return all, nil
}

// schedulersIn reads "none [mq-deadline] kyber bfq".
func schedulersIn(text string) (used string, all []string) {
	for _, word := range strings.Fields(text) {
		name := strings.Trim(word, "[]")
		if name != word {
			used = name
		}
		all = append(all, name)
	}
	return used, all
}

// modelledIn reads a line of io.cost.qos: "8:0 enable=1 ctrl=auto …".
func modelledIn(text, device string) bool {
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) > 0 && words[0] == device && slices.Contains(words, "enable=1") {
			return true
		}
	}
	return false
}

// diskOf is the whole disk of a block device, which may be a partition.
func diskOf(major, minor uint32) (uint32, uint32, error) {
	sys, err := filepath.EvalSymlinks(fmt.Sprintf("/sys/dev/block/%d:%d", major, minor))
	if err != nil {
		return 0, 0, err
	}
	if cgroups.PathExists(filepath.Join(sys, "partition")) {
		sys = filepath.Dir(sys)
	}
	return numbersIn(sys)
}

func numbersIn(sys string) (major, minor uint32, err error) {
	data, err := os.ReadFile(filepath.Join(sys, "dev"))
	if err == nil {
		_, err = fmt.Sscanf(strings.TrimSpace(string(data)), "%d:%d", &major, &minor)
	}
	return major, minor, err
}
