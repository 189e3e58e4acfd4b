package docker

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Recreate returns the commands that make a container anew with another runtime,
// on one line for a shell. What its image or the daemon gives it is left out. An
// address of Ethernet that was asked for is not known of a running container of
// Docker 25 and later.
func (e *Engine) Recreate(ctx context.Context, c *Container, runtime string) (string, error) {
	image, err := e.image(ctx, c.Image)
	if err != nil {
		return "", err
	}
	d, err := e.defaults(ctx)
	if err != nil {
		return "", err
	}
	verb := "docker create "
	if c.State.Running {
		verb = "docker run -d "
	}
	if profile := c.profile(); profile != "" {
		verb = "printf %s " + quote(profile) + " | " + verb
	}
	commands := []string{"docker rm -f " + quote(c.Name), verb + c.line(image, d, runtime)}
	return strings.Join(append(commands, c.connects()...), " && "), nil
}

// words are those of a command.
type words []string

// flag adds a flag, unless its value is the one that it has anyway.
func (w *words) flag(name, value, otherwise string) {
	if value != otherwise && value != "" {
		*w = append(*w, "--"+name+" "+quote(value))
	}
}

func (w *words) each(name string, values []string) {
	for _, v := range values {
		w.flag(name, v, "")
	}
}

func (w *words) pairs(name string, values map[string]string) {
	for _, k := range slices.Sorted(maps.Keys(values)) {
		w.flag(name, k+"="+values[k], "")
	}
}

func (w *words) number(name string, value, otherwise int64) {
	w.flag(name, strconv.FormatInt(value, 10), strconv.FormatInt(otherwise, 10))
}

func (w *words) on(name string, is bool) {
	if is {
		*w = append(*w, "--"+name)
	}
}

// line is what follows `docker run`.
func (c *Container) line(image Config, d defaults, runtime string) string {
	w := words{"--name " + quote(c.Name), "--runtime " + quote(runtime)}
	c.identity(&w, image, d)
	c.health(&w, image)
	c.network(&w)
	c.namespaces(&w, d)
	c.files(&w)
	c.devices(&w)
	c.resources(&w)
	c.rights(&w)
	command := c.command(&w, image)
	w = append(w, quote(c.Config.Image))
	for _, word := range command {
		w = append(w, quote(word))
	}
	return strings.Join(w, " ")
}

// quote makes a word of a shell.
func quote(s string) string {
	plain := strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:=,@%+") == ""
	if plain && s != "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// csv makes one line of fields, as the client reads it.
func csv(fields []string) string {
	quoted := make([]string, len(fields))
	for i, f := range fields {
		if strings.ContainsAny(f, ",\"\n") {
			f = `"` + strings.ReplaceAll(f, `"`, `""`) + `"`
		}
		quoted[i] = f
	}
	return strings.Join(quoted, ",")
}
