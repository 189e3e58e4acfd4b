package shim

import (
	"flag"
	"io"
)

// arguments are those of containerd's runtime v2 contract that are needed
// before upstream parses them again.
type arguments struct {
	action    string // "start", "delete" or "" to serve
	namespace string
	id        string
	address   string // containerd's gRPC socket
	debug     bool
	info      bool
	version   bool
}

func parseArguments(args []string) (arguments, error) {
	var a arguments
	var ignored string
	f := flag.NewFlagSet(Name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&a.namespace, "namespace", "", "")
	f.StringVar(&a.id, "id", "", "")
	f.StringVar(&a.address, "address", "", "")
	f.BoolVar(&a.debug, "debug", false, "")
	f.BoolVar(&a.info, "info", false, "")
	f.BoolVar(&a.version, "v", false, "")
	f.BoolVar(&a.version, "version", false, "")
	for _, name := range []string{"bundle", "socket", "debug-socket", "publish-binary"} {
		f.StringVar(&ignored, name, "", "")
	}
	err := f.Parse(args)
	a.action = f.Arg(0)
	return a, err
}
