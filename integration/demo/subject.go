package main

import (
	"context"
	"fmt"
)

// A subject is one column of the table: whose containers, under which shim.
type subject struct {
	title  string
	tenant string
	stock  bool
}

var subjects = []subject{
	{"tenant acme", "acme", false},
	{"tenant umbrella", "umbrella", false},
	{"the stock shim", "acme", true},
}

// An attempt is one row: something that a container is, or tries.
type attempt struct {
	section, title string
	try            func(ctx context.Context, e engine, s subject) (string, error)
}

// show makes every attempt for every subject.
func show(ctx context.Context, e engine) (*table, error) {
	t := newTable(subjects)
	for _, a := range attempts(e) {
		progress("%s: %s", a.section, a.title)
		var cells []string
		for _, s := range subjects {
			cell, err := a.try(ctx, e, s)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", s.title, a.title, err)
			}
			cells = append(cells, cell)
		}
		t.add(a.section, a.title, cells)
	}
	return t, nil
}

// with runs see on a container that sleeps meanwhile.
func (s subject) with(ctx context.Context, e engine, see func(container) (string, error)) (string, error) {
	c, err := e.run(ctx, s, "sleep", "60")
	if err != nil {
		return "", err
	}
	cell, err := see(c)
	if err := c.delete(ctx); err != nil {
		return "", err
	}
	return cell, err
}
