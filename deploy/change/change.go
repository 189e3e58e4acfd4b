// Package change makes what an installation needs of a node's files, remembers
// what was there before, and undoes itself exactly: contents, modes, owners and
// times. What others have changed in one of its files since stays.
//
// It trusts the folder that it keeps, which only root can write.
package change

import (
	"bytes"
	"fmt"
	"io/fs"
)

// A File is what a path shall be.
type File struct {
	Path string
	Data []byte      // of a regular file
	Link string      // target of a symbolic link, which the path is then
	Mode fs.FileMode // of a new file; one that is there keeps its own, and its owner
	// Edits made Data of what was there, in their order. They are undone one by
	// one where somebody else has changed the file since.
	Edits []Edit
	From  string // shown instead of Data where that is no text
}

// An Edit is a part of a text that was exchanged for another.
type Edit struct {
	Old string `json:"old"`
	New string `json:"new"`
}

// revert takes edits out of a text that others have edited too.
func revert(text []byte, edits []Edit) ([]byte, error) {
	for i := len(edits) - 1; i >= 0; i-- {
		e := edits[i]
		if bytes.Count(text, []byte(e.New)) != 1 {
			return nil, fmt.Errorf("what install wrote is no longer there once; want in it the lines\n%s", e.New)
		}
		text = bytes.Replace(text, []byte(e.New), []byte(e.Old), 1)
	}
	return text, nil
}
