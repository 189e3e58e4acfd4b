package seccomp_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/bulkhead-dev/bulkhead/integration/seccomp"
)

// The programs run here as they do in another interpreter of classic BPF.
func TestProgramsRunAsElsewhere(t *testing.T) {
	c := compiler(t)
	r := rand.New(rand.NewPCG(*seeds, 2))
	runs := 0
	for range 100 {
		p, _, err := c.Compile(generator{r}.filter())
		if err != nil {
			continue
		}
		program, ok := bpf.Disassemble(p.Raw())
		if !ok {
			t.Fatal("an instruction that golang.org/x/net/bpf does not know")
		}
		vm, err := bpf.NewVM(program)
		if err != nil {
			t.Fatal(err)
		}
		for range 300 {
			call := &seccomp.Call{Number: uint32(pick(generator{r}, []int{0, 1, 16, 41, 56, 72, 102, 117, 435, 450, 500, 1<<30 | 16})), Architecture: pick(generator{r}, []uint32{0xc000003e, 0x40000003, 7})}
			for i := range call.Args {
				call.Args[i] = pick(generator{r}, append(small, wide...))
			}
			want, err := vm.Run(packet(call))
			if err != nil {
				t.Fatal(err)
			}
			if runs++; p.Run(call) != uint32(want) {
				t.Fatalf("%+v is answered with %#x, want %#x", call, p.Run(call), want)
			}
		}
	}
	if runs < 10000 {
		t.Errorf("only %d runs", runs)
	}
}

// packet is the struct seccomp_data of a call with each word as a packet has it.
func packet(c *seccomp.Call) []byte {
	data := make([]byte, 64)
	binary.BigEndian.PutUint32(data, c.Number)
	binary.BigEndian.PutUint32(data[4:], c.Architecture)
	for i, a := range c.Args {
		binary.BigEndian.PutUint32(data[16+8*i:], uint32(a))
		binary.BigEndian.PutUint32(data[20+8*i:], uint32(a>>32))
	}
	return data
}
