package seccomp

import "testing"

func TestExceptLooksAtTheLowerHalf(t *testing.T) {
	f := closed(Except("ioctl", 1, 0x5412, 0x541c)...)
	for value, want := range map[uint64]bool{
		0: true, 0x5411: true, 0x5412: false, 0x5413: true, 0x541b: true, 0x541c: false, 0x541d: true, 1<<32 - 1: true,
		1<<32 | 0x5412: false, 1<<63 | 0x541c: false, 1<<63 | 0x541d: true, 0x80005412: true,
	} {
		if got := allows(f, call{name: "ioctl", args: [6]uint64{0, value}}); got != want {
			t.Errorf("%#x is allowed: %v", value, got)
		}
	}
	if n := len(f.Syscalls); n > 40 {
		t.Errorf("%d rules", n)
	}
}
