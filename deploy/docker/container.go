package docker

import "slices"

// A Container is one that the daemon has, as it says of it: what `docker run`
// was asked for.
type Container struct {
	ID         string `json:"Id"`
	Name       string
	Image      string // its ID
	Config     Config
	State      struct{ Running bool }
	HostConfig HostConfig
	Mounts     []struct {
		Type, Name, Source, Destination string
		RW                              bool
	}
	NetworkSettings struct {
		Networks map[string]Endpoint
	}
}

// Config is what an image can give too.
type Config struct {
	Image, Hostname, Domainname, User, WorkingDir, StopSignal, MacAddress string

	Env, Cmd, Entrypoint []string
	ExposedPorts         map[string]struct{}
	Labels               map[string]string
	Tty, OpenStdin       bool
	StopTimeout          *int
	Healthcheck          *Healthcheck
}

// HostConfig is a container's alone.
type HostConfig struct {
	Runtime string

	NetworkMode, PidMode, IpcMode, UTSMode, UsernsMode, CgroupnsMode, CgroupParent, CpusetCpus, CpusetMems string

	Binds, CapAdd, CapDrop, SecurityOpt, MaskedPaths, ExtraHosts, Links, GroupAdd, DeviceCgroupRules []string

	DNS          []string `json:"Dns"`
	DNSSearch    []string `json:"DnsSearch"`
	DNSOptions   []string `json:"DnsOptions"`
	PortBindings map[string][]struct {
		HostIP   string `json:"HostIp"`
		HostPort string
	}
	RestartPolicy struct {
		Name              string
		MaximumRetryCount int
	}
	LogConfig struct {
		Type   string
		Config map[string]string
	}
	Tmpfs, Sysctls, Annotations, StorageOpt map[string]string

	Devices        []struct{ PathOnHost, PathInContainer, CgroupPermissions string }
	DeviceRequests []DeviceRequest
	Mounts         []Mount
	Ulimits        []struct {
		Name       string
		Hard, Soft int64
	}

	Privileged, ReadonlyRootfs, AutoRemove, PublishAllPorts, OomKillDisable bool
	Init                                                                    *bool

	Memory, MemorySwap, MemoryReservation, KernelMemory, ShmSize int64
	MemorySwappiness, PidsLimit                                  *int64
	OomScoreAdj                                                  int

	NanoCpus, CPUShares, CPUQuota, CPUPeriod int64
	CPURealtimePeriod, CPURealtimeRuntime    int64

	BlkioWeight       int64
	BlkioWeightDevice []struct {
		Path   string
		Weight int64
	}
	BlkioDeviceReadBps, BlkioDeviceWriteBps, BlkioDeviceReadIOps, BlkioDeviceWriteIOps []Rate
}

// A Rate is a limit of a device, in bytes or operations a second.
type Rate struct {
	Path string
	Rate int64
}

// Pinned are the containers that were created with one of these runtimes:
// Docker keeps a container's until it is created anew.
func Pinned(all []*Container, runtimes []string) []*Container {
	return slices.DeleteFunc(slices.Clone(all), func(c *Container) bool { return !slices.Contains(runtimes, c.HostConfig.Runtime) })
}
