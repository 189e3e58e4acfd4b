package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	titleWidth = 29
	cellWidth  = 29
)

// table is what the demo prints: a row an attempt, a column a subject, and the
// sentences of refusals below.
type table struct {
	b         strings.Builder
	section   string
	sentences []string
}

func newTable(subjects []subject) *table {
	t := new(table)
	var titles []string
	for _, s := range subjects {
		titles = append(titles, s.title)
	}
	t.row("", titles)
	return t
}

func (t *table) add(section, title string, cells []string) {
	if section != t.section {
		t.section = section
		fmt.Fprintf(&t.b, "\n%s\n", section)
	}
	for i, c := range cells {
		if strings.HasPrefix(c, refused) {
			cells[i] = fmt.Sprintf("refused (%d)", t.number(c))
		}
	}
	t.row("  "+title, cells)
}

// number returns the number of a sentence below the table, the same for the
// same sentence.
func (t *table) number(sentence string) int {
	if i := slices.Index(t.sentences, sentence); i >= 0 {
		return i + 1
	}
	t.sentences = append(t.sentences, sentence)
	return len(t.sentences)
}

func (t *table) row(title string, cells []string) {
	line := fmt.Sprintf("%-*s", titleWidth, title)
	for _, c := range cells {
		line += fmt.Sprintf(" %-*s", cellWidth, c)
	}
	t.b.WriteString(strings.TrimRight(line, " ") + "\n")
}

func (t *table) print(w io.Writer, client string) {
	fmt.Fprintf(w, "\n%s\nThe sentences that %s showed:\n", t.b.String(), client)
	for i, s := range t.sentences {
		fmt.Fprintf(w, "  (%d) %s\n", i+1, s)
	}
	fmt.Fprintln(w)
}
