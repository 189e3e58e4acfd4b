package host

import (
	"os"
	"path/filepath"
	"strings"
)

// Disk returns the device of the disk with a serial number ("/dev/vdc"), empty
// if there is none. Without udev there is no link by it.
func Disk(serial string) string {
	files, _ := filepath.Glob("/sys/block/*/serial")
	for _, file := range files {
		data, _ := os.ReadFile(file) // the disk may go meanwhile
		if strings.TrimSpace(string(data)) == serial {
			return "/dev/" + filepath.Base(filepath.Dir(file))
		}
	}
	return ""
}
