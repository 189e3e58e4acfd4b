package main

import (
	"fmt"
	"os"
)

// memory takes and touches one mebibyte after the other, says how many it has
// now and then, and holds them.
func memory(mebibytes int) {
	held := make([][]byte, 0, mebibytes)
	for len(held) < mebibytes {
		page := os.Getpagesize()
		b := make([]byte, 1<<20)
		for i := 0; i < len(b); i += page {
			b[i] = 1
		}
		held = append(held, b)
		if len(held)%16 == 0 || len(held) == mebibytes {
			fmt.Println("touched", len(held))
		}
	}
	hold()
	fmt.Println("released", len(held))
}
