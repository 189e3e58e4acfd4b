package compile

import (
	"fmt"
	"path/filepath"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// blockIO compiles the bounds of block devices. Whether a device exists is the
// node's to say.
func (k *compiler) blockIO(o *Object, in []v1alpha1.BlockIO) []tenant.BlockIO {
	var out []tenant.BlockIO
	at := map[string]string{}
	for i, b := range in {
		key := fmt.Sprintf("spec.limits.blockIO[%d]", i)
		switch first := at[b.Device]; {
		case !filepath.IsAbs(b.Device):
			k.bad(o, key+".device", "is "+quoted(b.Device)+"; want an absolute path, such as /dev/vda or /var/lib/docker")
		case filepath.Clean(b.Device) != b.Device:
			k.bad(o, key+".device", "is "+quoted(b.Device)+"; want "+filepath.Clean(b.Device))
		case first != "":
			k.bad(o, key+".device", "is "+b.Device+", which "+first+" bounds too; put both into one")
		default:
			at[b.Device] = key
		}
		if b.ReadBytesPerSecond == nil && b.WriteBytesPerSecond == nil && b.ReadIOPS == nil && b.WriteIOPS == nil {
			k.bad(o, key, "bounds nothing; add readBytesPerSecond, writeBytesPerSecond, readIOPS or writeIOPS")
		}
		out = append(out, tenant.BlockIO{
			Device:              b.Device,
			ReadBytesPerSecond:  k.count(o, key+".readBytesPerSecond", k.bytes(o, key+".readBytesPerSecond", b.ReadBytesPerSecond)),
			WriteBytesPerSecond: k.count(o, key+".writeBytesPerSecond", k.bytes(o, key+".writeBytesPerSecond", b.WriteBytesPerSecond)),
			ReadIOPS:            k.count(o, key+".readIOPS", b.ReadIOPS),
			WriteIOPS:           k.count(o, key+".writeIOPS", b.WriteIOPS),
		})
	}
	return out
}
