package docker

import (
	"slices"
	"strings"
	"time"
)

// A Healthcheck is how the daemon asks a container. Test is a kind and what runs:
// NONE, CMD with its words, or CMD-SHELL with a line. The times are in
// nanoseconds, and 0 is what the daemon has otherwise.
type Healthcheck struct {
	Test                                          []string
	Interval, Timeout, StartPeriod, StartInterval time.Duration
	Retries                                       int64
}

// health is what the image does not say of it. docker run knows a shell's line
// only, so words become one.
func (c *Container) health(w *words, image Config) {
	own, of := c.Config.Healthcheck, Healthcheck{}
	if image.Healthcheck != nil {
		of = *image.Healthcheck
	}
	if own == nil {
		return
	}
	if slices.Equal(own.Test, []string{"NONE"}) {
		w.on("no-healthcheck", !slices.Equal(of.Test, own.Test))
		return
	}
	if len(own.Test) > 1 && !slices.Equal(own.Test, of.Test) {
		line := own.Test[1]
		if own.Test[0] == "CMD" {
			quoted := make([]string, len(own.Test)-1)
			for i, word := range own.Test[1:] {
				quoted[i] = quote(word)
			}
			line = strings.Join(quoted, " ")
		}
		w.flag("health-cmd", line, "")
	}
	for _, t := range []struct {
		name    string
		own, of time.Duration
	}{
		{"health-interval", own.Interval, of.Interval}, {"health-timeout", own.Timeout, of.Timeout},
		{"health-start-period", own.StartPeriod, of.StartPeriod}, {"health-start-interval", own.StartInterval, of.StartInterval},
	} {
		w.flag(t.name, t.own.String(), t.of.String())
	}
	w.number("health-retries", own.Retries, of.Retries)
}
