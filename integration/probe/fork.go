package main

import (
	"fmt"
	"os"
	"os/exec"
)

// fork starts processes until one does not start, says how many did, and holds
// them.
func fork(count int) {
	var running []*os.Process
	for range count {
		cmd := exec.Command("/bin/sleep", "60")
		if err := cmd.Start(); err != nil {
			break
		}
		running = append(running, cmd.Process)
	}
	fmt.Println("forked", len(running))
	hold()
	for _, p := range running {
		_ = p.Kill()
	}
	for _, p := range running {
		_, _ = p.Wait()
	}
}
