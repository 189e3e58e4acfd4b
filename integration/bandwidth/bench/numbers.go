package main

import (
	"fmt"
	"slices"
)

// numbers are what several runs gave.
type numbers []float64

// String is the median, and between which values the runs lay.
func (n numbers) String() string {
	s := slices.Sorted(slices.Values(n))
	return fmt.Sprintf("%.3f (%.3f to %.3f)", n.median(), s[0], s[len(s)-1])
}

func (n numbers) median() float64 {
	s := slices.Sorted(slices.Values(n))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// ratios are of what was measured beside each other.
func ratios(a, b numbers) (r numbers) {
	for i := range a {
		r = append(r, a[i]/b[i])
	}
	return r
}

// verdict says whether the ratios are all the same side of 1. Of ten that chance
// decides, nine or more are on one side in 2 % of cases.
func (n numbers) verdict() string {
	above := 0
	for _, v := range n {
		if v > 1 {
			above++
		}
	}
	if 10*above > len(n) && 10*above < 9*len(n) {
		return "not distinguishable"
	}
	return fmt.Sprintf("%+.1f %%", 100*(n.median()-1))
}
