package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

const hugePage = 2 << 20

// huge takes and touches one huge page of 2 MiB after the other, says how many it
// has, and holds them. What its cgroup does not allow ends it with SIGBUS.
func huge(pages int) {
	for n := 1; n <= pages; n++ {
		page, err := unix.Mmap(-1, 0, hugePage, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_HUGETLB)
		if err != nil {
			fail("take a huge page: " + err.Error())
		}
		page[0] = 1
		fmt.Println("huge", n)
	}
	fmt.Println("all", pages)
	hold()
}
