package node

import (
	"os"
	"strconv"
	"time"
)

// PatienceVariable says how many times longer than elsewhere to wait before
// something counts as hung: on a machine that is emulated.
const PatienceVariable = "BULKHEAD_TEST_PATIENCE"

// Patience stretches a time after which a test gives up. What passes takes no
// longer for it.
func Patience(d time.Duration) time.Duration {
	factor, err := strconv.Atoi(os.Getenv(PatienceVariable))
	if err != nil || factor < 1 {
		factor = 1 // unset, as a rule
	}
	return d * time.Duration(factor)
}
