package record

// Bandwidth is what a container's network namespace has in the namespace that
// holds the other ends of its interfaces. All containers in it have the same.
type Bandwidth struct {
	Leaf      uint16 `json:"leaf,omitempty"`      // number of its classes; 0: no limit was there
	Outermost string `json:"outermost,omitempty"` // tenant that the device is of
	Ends      []End  `json:"ends,omitempty"`
	// Node is the namespace of these ends, and Shim a process that was in it.
	Node          Namespace `json:"node"`
	Shim          int       `json:"shim"`
	ShimStartTime uint64    `json:"shimStartTime"`
}

// End is the node's end of a container's interface.
type End struct {
	Name  string `json:"name"`
	Index int    `json:"index"`
	MTU   int    `json:"mtu"`
}
