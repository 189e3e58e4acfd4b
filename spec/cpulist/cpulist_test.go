package cpulist

import (
	"strings"
	"testing"
)

func TestFrom(t *testing.T) {
	for list, want := range map[string]string{
		"0":               "0",
		"0-2,4":           "0-2,4",
		"4,0-2":           "0-2,4",
		"1,2,3":           "1-3",
		"3-3":             "3",
		"0-5,2-7":         "0-7",
		"62-65":           "62-65",
		"007":             "7",
		"8191":            "8191",
		"0-8191":          "0-8191",
		"63,64,127,8190":  "63-64,127,8190",
		"":                "none",
		",":               "none",
		"0,":              "none",
		"-":               "none",
		"0-":              "none",
		"-1":              "none",
		"2-1":             "none",
		"0-1-2":           "none",
		"+1":              "none",
		" 1":              "none",
		"1\n":             "none",
		"0x1":             "none",
		"all":             "none",
		"0-7:1/2":         "none",
		"8192":            "none",
		"0-4294967296":    "none",
		"0-9999999999999": "none",
		strings.Repeat("0,", longestCPUs/2) + "0":   "none",
		strings.Repeat("0,", longestCPUs/2-1) + "0": "0",
	} {
		set, ok := From(list)
		got := "none"
		if ok {
			got = set.String()
		}
		if got != want {
			t.Errorf("%.40q is %s, want %s", list, got, want)
		}
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		a, b, and string
		want      bool
	}{
		{"0-1", "0-3", "0-1", true},
		{"0-3", "0-1", "0-1", false},
		{"2,4", "4,2", "2,4", true},
		{"0-1", "2-3", "", false},
		{"60-70", "64-127", "64-70", false},
	} {
		x, _ := From(c.a)
		y, _ := From(c.b)
		if got := x.Within(y); got != c.want {
			t.Errorf("%s within %s is %v", c.a, c.b, got)
		}
		if got := x.And(y).String(); got != c.and {
			t.Errorf("%s and %s is %q, want %q", c.a, c.b, got, c.and)
		}
	}
}
