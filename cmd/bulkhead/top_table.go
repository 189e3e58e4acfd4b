package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// An alarm says how near to trouble a figure is.
type alarm int

const (
	fine alarm = iota
	near
	over
)

// column shows one thing of a tenant. The one with the largest rank goes first
// where a terminal is too narrow; rank 0 never goes.
type column struct {
	title string
	wide  bool // only with -o wide
	rank  int
	cell  func(*use) (string, alarm)
}

var columns = []column{
	{"TENANT", false, 0, func(u *use) (string, alarm) { return name(u), fine }},
	{"CPU", false, 0, func(u *use) (string, alarm) {
		return of(cores(u.CPUUsedCores), cores(u.CPULimitCores)), share(u.CPUUsedCores, u.CPULimitCores, 0.9, 2)
	}},
	{"THROTTLED", false, 4, func(u *use) (string, alarm) {
		return percent(u.CPUThrottledRatio), above(u.CPUThrottledRatio, 0.25, 0.5)
	}},
	{"MEMORY", false, 0, func(u *use) (string, alarm) {
		return of(quantity(float(u.MemoryUsedBytes)), quantity(float(u.MemoryLimitBytes))), share(float(u.MemoryUsedBytes), float(u.MemoryLimitBytes), 0.75, 0.9)
	}},
	{"MEMORY+CACHE", true, 9, func(u *use) (string, alarm) { return quantity(float(u.MemoryTotalBytes)), fine }},
	{"SWAP", true, 9, func(u *use) (string, alarm) { return quantity(float(u.SwapUsedBytes)), fine }},
	{"HIGH", false, 5, func(u *use) (string, alarm) { return tasks(u.MemoryHighEvents), fine }},
	{"PIDS", false, 2, func(u *use) (string, alarm) {
		return of(tasks(u.Pids), tasks(u.PidsLimit)), share(float(u.Pids), float(u.PidsLimit), 0.75, 0.9)
	}},
	{"READ/S", false, 6, func(u *use) (string, alarm) { return quantity(u.IOReadBytesPerSecond), fine }},
	{"WRITE/S", false, 6, func(u *use) (string, alarm) { return quantity(u.IOWrittenBytesPerSecond), fine }},
	{"NET IN", false, 6, func(u *use) (string, alarm) {
		return of(bits(u.NetworkReceivedBitsPerSecond), bits(float(u.NetworkReceivedLimitBitsPerSecond))), fine
	}},
	{"NET OUT", false, 6, func(u *use) (string, alarm) {
		return of(bits(u.NetworkSentBitsPerSecond), bits(float(u.NetworkSentLimitBitsPerSecond))), fine
	}},
	{"DROPPED", false, 5, func(u *use) (string, alarm) { return tasks(u.NetworkDroppedPackets), fine }},
	{"PSI CPU", false, 7, func(u *use) (string, alarm) {
		return percent(u.PressureCPURatio), above(u.PressureCPURatio, 0.25, 0.75)
	}},
	{"PSI MEM", false, 7, func(u *use) (string, alarm) {
		return percent(u.PressureMemoryRatio), above(u.PressureMemoryRatio, 0.05, 0.25)
	}},
	{"PSI IO", false, 7, func(u *use) (string, alarm) { return percent(u.PressureIORatio), above(u.PressureIORatio, 0.25, 0.75) }},
	{"OOM", false, 3, func(u *use) (string, alarm) { return tasks(u.OOMKills), above(float(u.OOMKills), 1, 1) }},
	{"CONTAINERS", false, 1, func(u *use) (string, alarm) {
		return of(strconv.FormatInt(u.Containers, 10), tasks(u.ContainersLimit)), share(float(&u.Containers), float(u.ContainersLimit), 1, 2)
	}},
	{"GIVEN CPU", true, 8, func(u *use) (string, alarm) { return cores(&u.CommittedCPUCores), fine }},
	{"GIVEN MEMORY", true, 8, func(u *use) (string, alarm) { return quantity(float(&u.CommittedMemoryBytes)), fine }},
}

// layout is how a table is written.
type layout struct {
	wide   bool
	colour bool
	width  int // of the terminal; 0: any
}

const gap = 3 // spaces between columns

// lines are the header and one line a tenant.
func (l layout) lines(uses []*use) []string {
	shown, widths := l.fitting(uses)
	lines := make([]string, 1+len(uses))
	for i, c := range shown {
		add := func(line int, text string, at alarm) {
			fill := widths[i] + gap - utf8.RuneCountInString(text)
			if i == len(shown)-1 {
				fill = 0
			}
			lines[line] += l.paint(text, at, line == 0) + strings.Repeat(" ", fill)
		}
		add(0, c.title, fine)
		for j, u := range uses {
			text, at := c.cell(u)
			add(1+j, text, at)
		}
	}
	return lines
}

// fitting chooses the columns that the width has room for.
func (l layout) fitting(uses []*use) (shown []column, widths []int) {
	total := -gap
	for _, c := range columns {
		if c.wide && !l.wide {
			continue
		}
		width := utf8.RuneCountInString(c.title)
		for _, u := range uses {
			text, _ := c.cell(u)
			width = max(width, utf8.RuneCountInString(text))
		}
		shown, widths, total = append(shown, c), append(widths, width), total+width+gap
	}
	for l.width > 0 && total > l.width {
		last := 0
		for i, c := range shown {
			if c.rank > 0 && c.rank >= shown[last].rank {
				last = i
			}
		}
		if last == 0 {
			break
		}
		total -= widths[last] + gap
		shown, widths = append(shown[:last:last], shown[last+1:]...), append(widths[:last:last], widths[last+1:]...)
	}
	return shown, widths
}

// paint colours a cell, and makes the header bold (ECMA-48, SGR).
func (l layout) paint(text string, at alarm, header bool) string {
	code := map[alarm]string{near: "33", over: "31"}[at]
	if header {
		code = "1"
	}
	if !l.colour || code == "" {
		return text
	}
	return "\033[" + code + "m" + text + "\033[0m"
}

func name(u *use) string {
	if u.depth == 0 {
		return u.Tenant
	}
	return strings.Repeat("  ", u.depth-1) + "└─" + u.Tenant
}

func of(used, limit string) string { return used + "/" + limit }

// above compares a figure with two marks.
func above(n *float64, mark, high float64) alarm {
	switch {
	case n == nil || *n < mark:
		return fine
	case *n < high:
		return near
	}
	return over
}

// share compares what is used of a limit with two marks.
func share(used, limit *float64, mark, high float64) alarm {
	if used == nil || limit == nil || *limit <= 0 {
		return fine
	}
	return above(new(*used / *limit), mark, high)
}

func cores(n *float64) string {
	if n == nil {
		return "-"
	}
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(*n, 'f', 2, 64), "0"), ".")
}

func percent(n *float64) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f%%", *n*100)
}

// quantity writes three digits and the unit: "512", "96.5Mi".
func quantity(n *float64) string { return scaled(n, 1024, "", "Ki", "Mi", "Gi", "Ti", "Pi") }

// bits writes bits a second in the units that networks are measured in: "96.5M".
func bits(n *float64) string { return scaled(n, 1000, "", "k", "M", "G", "T") }

func scaled(n *float64, step float64, units ...string) string {
	if n == nil {
		return "-"
	}
	amount := *n
	for len(units) > 1 && amount >= 1000 {
		amount, units = amount/step, units[1:]
	}
	digits := 0
	if amount < 99.95 && amount != float64(int64(amount)) && units[0] != "" {
		digits = 1
	}
	return strings.TrimSuffix(strconv.FormatFloat(amount, 'f', digits, 64), ".0") + units[0]
}
