// The runtime shim that containerd, and through it Docker and Kubernetes, start
// for each container: `io.containerd.bulkhead.v2`.
package main

import "github.com/bulkhead-dev/bulkhead/shim"

// version is set by the build.
var version = "dev"

func main() { shim.Main(version) }
