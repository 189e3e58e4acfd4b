package isolator

/*
checkpoint: restoring a container instead of starting it.

Owns     the checkpoint of a Create
Rule     Refused.
Because  CRIU takes credentials, capabilities, the seccomp filter and mounts
         from the image, whatever the spec says (CVE-2024-8676, CVE-2026-53492;
         attack row 9).
Escape   none.
*/

var _ = register(Isolator{
	Name:    "checkpoint",
	Owns:    []string{"/checkpoint"},
	Reason:  "a restored container would not have the rights of its spec",
	Leq:     func(a, b *Request) bool { return a.Checkpoint == Checkpoint{} || a.Checkpoint == b.Checkpoint },
	Rewrite: noCheckpoint,
	Holds:   noCheckpoint,
})

func noCheckpoint(_ *Case, r *Request) error {
	if r.Checkpoint == (Checkpoint{}) {
		return nil
	}
	return &Denial{"checkpoint", "checkpoint", "set", "a start from the image", Nothing}
}
