package host

import (
	"os"
	"path/filepath"
)

// Thaw thaws every cgroup whose path fits.
func Thaw(fits func(path string) bool) {
	for _, root := range hierarchies() {
		dirs, _ := filepath.Glob(root + "/*")
		for _, top := range dirs {
			if !fits("/" + filepath.Base(top)) {
				continue
			}
			for _, dir := range directoriesBelow(top) {
				// Only the file of the machine's version is there. O_CREATE is
				// not set, and a cgroup file system would refuse it.
				thaw(filepath.Join(dir, "freezer.state"), "THAWED")
				thaw(filepath.Join(dir, "cgroup.freeze"), "0")
			}
		}
	}
}

func thaw(file, value string) {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer f.Close()
	_, _ = f.WriteString(value) // the cgroup may be gone meanwhile
}
