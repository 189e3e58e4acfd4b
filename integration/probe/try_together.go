package main

import (
	"fmt"
	"strings"
	"sync"
)

// together runs techniques at once, and prints what came of each as it ends:
// what waits for somebody behind a wall waits with the others.
func together(names []string) {
	echoing = reaching
	var all sync.WaitGroup
	var mu sync.Mutex // of standard output
	for _, name := range names {
		parts := strings.Split(name, ":")
		t := techniques[parts[0]]
		if t == nil {
			fail("probe: no technique " + parts[0])
		}
		all.Go(func() {
			got := outcome(t(parts[1:]))
			mu.Lock()
			defer mu.Unlock()
			fmt.Println(name, got)
		})
	}
	all.Wait()
}
