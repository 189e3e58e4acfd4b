package docker

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Recreate returns the commands that make a container anew with another runtime,
// on one line for a shell. What its image gives it is left out; health checks
// and what a plugin of Docker's was told are not said.
func (e *Engine) Recreate(ctx context.Context, c *Container, runtime string) (string, error) {
	image, err := e.image(ctx, c.Image)
	if err != nil {
		return "", err
	}
	verb := "create"
	if c.State.Running {
		verb = "run -d"
	}
	commands := []string{
		"docker rm -f " + quote(c.Name),
		"docker " + verb + " " + c.line(image, runtime),
	}
	for _, name := range c.otherNetworks() {
		commands = append(commands, "docker network connect "+quote(name)+" "+quote(c.Name))
	}
	return strings.Join(commands, " && "), nil
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
func (c *Container) line(image Config, runtime string) string {
	w := words{"--name " + quote(c.Name), "--runtime " + quote(runtime)}
	c.identity(&w, image)
	c.namespaces(&w)
	c.files(&w)
	c.resources(&w)
	c.rights(&w)
	command := c.Config.Cmd
	if c.Config.Entrypoint != nil && !slices.Equal(c.Config.Entrypoint, image.Entrypoint) {
		w.flag("entrypoint", c.Config.Entrypoint[0], "")
		command = append(slices.Clone(c.Config.Entrypoint[1:]), command...)
	} else if slices.Equal(command, image.Cmd) {
		command = nil
	}
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
