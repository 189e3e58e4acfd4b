package node

import (
	"fmt"
	"os"
	"strings"
)

// LogFile is where containerd and its shims log.
func (n *Node) LogFile() string { return n.place.path("containerd.log") }

// LogTail returns the last lines of containerd's log.
func (n *Node) LogTail(lines int) string {
	data, err := os.ReadFile(n.LogFile())
	if err != nil {
		return fmt.Sprint(err)
	}
	all := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
