package main

import (
	"bufio"
	"fmt"
	"os"
)

// mostGrown bounds what grow takes, in MiB.
const mostGrown = 4096

// grow takes and touches so many mebibytes for every line of standard input,
// says how many it has then, and ends with the input.
func grow(mebibytes int) {
	var held [][]byte
	total := 0
	for lines := bufio.NewScanner(os.Stdin); lines.Scan() && total+mebibytes <= mostGrown; {
		b := make([]byte, mebibytes<<20)
		for i := 0; i < len(b); i += os.Getpagesize() {
			b[i] = 1
		}
		held = append(held, b)
		total += mebibytes
		fmt.Println("grown", total)
	}
	fmt.Println("ended", len(held))
}
