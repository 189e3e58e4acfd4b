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
		Networks map[string]struct {
			Aliases    []string
			IPAMConfig *struct{ IPv4Address, IPv6Address string }
		}
	}
}

// Config is what an image can give too.
type Config struct {
	Image, Hostname, Domainname, User, WorkingDir, StopSignal string

	Env, Cmd, Entrypoint []string
	ExposedPorts         map[string]struct{}
	Labels               map[string]string
	Tty, OpenStdin       bool
	StopTimeout          *int
}

// HostConfig is a container's alone.
type HostConfig struct {
	Runtime string

	NetworkMode, PidMode, IpcMode, UTSMode, UsernsMode, CgroupParent, CpusetCpus string

	Binds, CapAdd, CapDrop, SecurityOpt, ExtraHosts, GroupAdd, VolumesFrom []string

	DNS          []string `json:"Dns"`
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
	Tmpfs, Sysctls, Annotations map[string]string
	Devices                     []struct{ PathOnHost, PathInContainer, CgroupPermissions string }
	Ulimits                     []struct {
		Name       string
		Hard, Soft int64
	}
	Mounts []struct {
		Type, Source, Target string
		ReadOnly             bool
	}

	Privileged, ReadonlyRootfs, AutoRemove, PublishAllPorts bool
	Init                                                    *bool

	Memory, MemorySwap, MemoryReservation, NanoCpus, CPUShares, CPUQuota, CPUPeriod, ShmSize int64
	PidsLimit                                                                                *int64
	OomScoreAdj                                                                              int
}

// Pinned are the containers that were created with one of these runtimes:
// Docker keeps a container's until it is created anew.
func Pinned(all []*Container, runtimes []string) []*Container {
	return slices.DeleteFunc(slices.Clone(all), func(c *Container) bool { return !slices.Contains(runtimes, c.HostConfig.Runtime) })
}
