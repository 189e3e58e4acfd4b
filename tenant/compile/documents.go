package compile

import "strings"

// document is one document of a stream.
type document struct {
	text   string
	before int // lines of the file before it
}

// documents splits a stream at its markers, so that a syntax error in one
// document hides no mistake in another. YAML lets no content begin with a
// marker, not even a block scalar's (YAML 1.2.2, 9.1.2).
func documents(stream string) []document {
	var docs []document
	at := document{}
	line := 0
	for l := range strings.Lines(stream) {
		rest, marker := strings.CutPrefix(l, "---")
		if !marker {
			rest, marker = strings.CutPrefix(l, "...")
		}
		if marker && strings.TrimLeft(rest, " \t\r\n") == rest && rest != "" {
			marker = false // "---x" is content
		}
		if marker {
			docs = append(docs, at)
			at = document{before: line}
			l = "   " + rest // what stands on the marker's line keeps its column
		}
		at.text += l
		line++
	}
	return append(docs, at)
}

// trim drops empty lines around a document, so that where it stood in its file
// does not matter.
func trim(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for len(lines) > 0 && strings.TrimSpace(lines[0]) == "" {
		lines = lines[1:]
	}
	return strings.TrimRight(strings.Join(lines, "\n"), " \t\n") + "\n"
}
