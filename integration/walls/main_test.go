// Package walls tries the walls around containers' networks, packet by packet and
// frame by frame, between network namespaces that stand for containers, their
// node and another machine. No engine is needed.
package walls

import (
	"flag"
	"os"
	"testing"
)

// These tests wait for packets that must not come, most of their time.
const atOnce = "12"

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", atOnce); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
