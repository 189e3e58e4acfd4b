package docker

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/bulkhead-dev/bulkhead/deploy/change"
	"github.com/bulkhead-dev/bulkhead/deploy/programs"
)

// runcVariable names the program with which BuildKit in dockerd runs steps of
// builds, from Docker 23 on.
const runcVariable = "DOCKER_BUILDKIT_RUNC_COMMAND"

// builds are what has dockerd's BuildKit run the runtime that decides steps of
// builds, in a drop-in of its systemd unit. Docker before 23 knows no variable,
// and takes the first runc of its PATH: a folder of its own, which must not be
// on containerd's.
func (i *Install) builds() []change.File {
	command := filepath.Join(i.Programs.Folder(), programs.Runtime)
	setting := runcVariable + "=" + command
	var files []change.File
	if i.major < 23 {
		dir := filepath.Join(filepath.Dir(i.Programs.Folder()), "lib/bulkhead/builds")
		files = append(files, change.File{Path: filepath.Join(dir, "runc"), Link: command})
		setting = "PATH=" + dir + ":" + i.Programs.Path
	}
	text := fmt.Sprintf("# Written by `bulkhead install docker`; `bulkhead uninstall docker` removes it.\n[Service]\nEnvironment=\"%s\"\n", escape(setting))
	return append(files, change.File{Path: filepath.Join(i.Units, "docker.service.d/bulkhead.conf"), Data: []byte(text), Mode: 0o644})
}

// escape writes a text for between quotes of a unit.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%").Replace(s)
}
