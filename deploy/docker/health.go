package docker

import (
	"slices"
	"strings"
	"time"
)

// A Healthcheck is how Docker asks a container whether it is well. What an image
// says already counts where a container's own is zero.
type Healthcheck struct {
	Test                                          []string // NONE, CMD-SHELL and a line, or CMD and words
	Interval, Timeout, StartPeriod, StartInterval time.Duration
	Retries                                       int
}

// health says what the container's check has beyond its image's.
func (c *Container) health(w *words, image Config) {
	own := c.Config.Healthcheck
	if own == nil {
		return
	}
	from := image.Healthcheck
	if from == nil {
		from = &Healthcheck{}
	}
	if !slices.Equal(own.Test, from.Test) && len(own.Test) > 0 {
		switch kind, rest := own.Test[0], own.Test[1:]; kind {
		case "NONE":
			w.on("no-healthcheck", true)
			return // with other flags of health it is refused
		case "CMD-SHELL":
			w.flag("health-cmd", strings.Join(rest, " "), "")
		default: // words, which only an image or Docker's API can name
			var line words
			for _, word := range rest {
				line = append(line, quote(word))
			}
			w.flag("health-cmd", strings.Join(line, " "), "")
		}
	}
	for _, d := range []struct {
		name     string
		own, its time.Duration
	}{
		{"interval", own.Interval, from.Interval}, {"timeout", own.Timeout, from.Timeout},
		{"start-period", own.StartPeriod, from.StartPeriod}, {"start-interval", own.StartInterval, from.StartInterval},
	} {
		if d.own != d.its {
			w.flag("health-"+d.name, d.own.String(), "")
		}
	}
	w.number("health-retries", int64(own.Retries), int64(from.Retries))
}
