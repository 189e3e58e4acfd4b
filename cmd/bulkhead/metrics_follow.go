package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

const (
	longestLine = 1 << 20 // a longer one is left out
	sampleSize  = 64      // bytes before the offset that tell a file from what replaced its content
)

// follower reads the lines that are appended to a file, also after it was
// renamed and made anew, or truncated. It keeps the file open, so that nothing is
// lost of one that was renamed.
type follower struct {
	file    *os.File
	offset  int64  // of the first byte that was not taken
	sample  []byte // the bytes before it
	begun   []byte // a line whose end is not there yet
	drops   bool   // a line that is too long, until its end
	tooLong int    // such lines
}

// read gives each whole line that is new, without its end. A file that does not
// exist has none.
func (f *follower) read(path string, line func([]byte)) error {
	next, err := openLog(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f.rest(line) // renamed, and not made again yet
	}
	if err != nil {
		return err
	}
	same, err := f.follows(next)
	if err != nil {
		return errors.Join(err, next.Close())
	}
	if same {
		if err := next.Close(); err != nil {
			return err
		}
		return f.rest(line)
	}
	err = f.rest(line) // what the old one got after it was renamed
	f.reset(next)
	return errors.Join(err, f.rest(line))
}

// openLog opens a regular file; a fifo would make it wait.
func openLog(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("the audit log %s is not a regular file", path)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// follows reports whether a file is the one that was read so far.
func (f *follower) follows(next *os.File) (bool, error) {
	if f.file == nil {
		return false, nil
	}
	now, err := next.Stat()
	if err != nil {
		return false, err
	}
	before, err := f.file.Stat()
	if err != nil {
		return false, err
	}
	return os.SameFile(before, now), nil
}

func (f *follower) reset(next *os.File) {
	if f.file != nil {
		f.file.Close() // it was only read
	}
	*f = follower{file: next, tooLong: f.tooLong}
}

// rest reads to the end of the file, from its beginning if it was truncated.
func (f *follower) rest(line func([]byte)) error {
	if f.file == nil {
		return nil
	}
	if f.truncated() {
		*f = follower{file: f.file, tooLong: f.tooLong}
	}
	chunk := make([]byte, 64<<10)
	for {
		n, err := f.file.ReadAt(chunk, f.offset)
		f.take(chunk[:n], line)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// truncated reports whether what was read last is no longer there.
func (f *follower) truncated() bool {
	there := make([]byte, len(f.sample))
	n, _ := f.file.ReadAt(there, f.offset-int64(len(f.sample)))
	return !bytes.Equal(there[:n], f.sample)
}

// take splits what was read into lines.
func (f *follower) take(data []byte, line func([]byte)) {
	f.offset += int64(len(data))
	f.sample = append(f.sample, data...)
	f.sample = bytes.Clone(f.sample[max(0, len(f.sample)-sampleSize):])
	for {
		part, rest, ended := bytes.Cut(data, []byte{'\n'})
		switch {
		case f.drops:
		case len(f.begun)+len(part) > longestLine:
			f.begun, f.drops = nil, true
			f.tooLong++
		default:
			f.begun = append(f.begun, part...)
		}
		if !ended {
			return
		}
		if !f.drops && len(f.begun) > 0 {
			line(f.begun)
		}
		f.begun, f.drops = f.begun[:0], false
		data = rest
	}
}
