package change

import (
	"errors"
	"os"
	"path/filepath"
)

// own is a file of ours.
func own(mode os.FileMode) Before {
	return Before{Mode: mode, UID: os.Geteuid(), GID: os.Getegid()}
}

// write exchanges a file for another, whole or not at all.
func write(path string, data []byte, as Before) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".bulkhead-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Chown(as.UID, as.GID)
	}
	if err == nil { // after chown, which clears setuid
		err = f.Chmod(as.Mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if !as.ModTime.IsZero() {
		if err = os.Chtimes(f.Name(), as.ModTime, as.ModTime); err != nil {
			return err
		}
	}
	return os.Rename(f.Name(), path)
}

// link exchanges a path for a symbolic link.
func link(path, target string) error {
	next := path + ".bulkhead"
	if err := errors.Join(ignoreNotExist(os.Remove(next)), os.Symlink(target, next)); err != nil {
		return err
	}
	return os.Rename(next, path)
}

func ignoreNotExist(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
