package integration

import "io"

// input is a standard input that the test writes line by line.
type input struct {
	io.Reader
	w *io.PipeWriter
}

func newInput() *input {
	r, w := io.Pipe()
	return &input{r, w}
}

func (i *input) line(text string) { _, _ = io.WriteString(i.w, text+"\n") } // a pipe ends with its reader
