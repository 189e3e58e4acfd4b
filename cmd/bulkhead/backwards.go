package main

import (
	"bytes"
	"io"
	"os"
)

// backwards calls visit for each line of a file, the last first, until it
// returns false. A log of a year is not read for its last line.
func backwards(f *os.File, visit func(line []byte) bool) error {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	var tail []byte // begins in the middle of a line, or with the file
	for end > 0 {
		n := min(end, 64<<10)
		block := make([]byte, n, n+int64(len(tail)))
		if _, err := f.ReadAt(block, end-n); err != nil {
			return err
		}
		end -= n
		tail = append(block, tail...)
		for {
			i := bytes.LastIndexByte(tail, '\n')
			if i < 0 {
				break
			}
			if line := tail[i+1:]; len(line) > 0 && !visit(line) {
				return nil
			}
			tail = tail[:i]
		}
	}
	if len(tail) > 0 {
		visit(tail)
	}
	return nil
}
