package posture

import (
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

func (p *Posture) readStatus() error {
	data, err := os.ReadFile(p.path("status"))
	if err != nil {
		return err
	}
	fields := map[string]string{}
	for line := range strings.Lines(string(data)) {
		name, value, _ := strings.Cut(line, ":")
		fields[name] = strings.TrimSpace(value)
	}
	if strings.HasPrefix(fields["State"], "Z") {
		return fs.ErrNotExist // it ended, and waits to be asked for
	}
	for name, set := range map[string]*uint64{
		"CapEff": &p.Capabilities.Effective, "CapPrm": &p.Capabilities.Permitted, "CapBnd": &p.Capabilities.Bounding,
		"CapInh": &p.Capabilities.Inheritable, "CapAmb": &p.Capabilities.Ambient,
	} {
		if *set, err = strconv.ParseUint(fields[name], 16, 64); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	mode, err := strconv.Atoi(fields["Seccomp"])
	if err != nil {
		return fmt.Errorf("mode of seccomp: %w", err)
	}
	p.Seccomp = Seccomp(mode)
	p.SeccompFilters, _ = strconv.Atoi(fields["Seccomp_filters"]) // absent before Linux 5.9
	p.NoNewPrivileges = fields["NoNewPrivs"] == "1"
	if p.UIDs, err = numbers(fields["Uid"]); err != nil {
		return fmt.Errorf("user IDs: %w", err)
	}
	p.GIDs, err = numbers(fields["Gid"] + " " + fields["Groups"])
	return err
}

func numbers(text string) (all []uint32, err error) {
	for f := range strings.FieldsSeq(text) {
		n, err := strconv.ParseUint(f, 10, 32)
		if err != nil {
			return nil, err
		}
		all = append(all, uint32(n))
	}
	return all, nil
}

func (p *Posture) readOOMScore() error {
	data, err := os.ReadFile(p.path("oom_score_adj"))
	if err != nil {
		return err
	}
	p.OOMScoreAdj, err = strconv.Atoi(strings.TrimSpace(string(data)))
	return err
}
