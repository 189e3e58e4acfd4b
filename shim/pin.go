package shim

import (
	"fmt"

	runtimeoptions "github.com/containerd/containerd/api/types/runtimeoptions/v1"
	"github.com/containerd/typeurl/v2"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// pinnedTenant returns the tenant that a runtime handler's options name, empty
// if none. Options may be a client's choice (`ctr --runtime-config-path`): of
// paths, only root's files in the handlers' folder count, which are there for
// every client; a body counts in the CRI plugin's containerd namespace, where
// containerd (1.7 and later) fills it from its config.toml.
func pinnedTenant(root tenant.Root, namespace string, a *anypb.Any) (string, error) {
	if a.GetTypeUrl() == "" {
		return "", nil
	}
	v, err := typeurl.UnmarshalAny(a)
	if err != nil {
		return "", fmt.Errorf("read the runtime options: %w", err)
	}
	o, ok := v.(*runtimeoptions.Options)
	if !ok {
		return "", nil
	}
	switch {
	case o.ConfigPath != "":
		return tenant.ReadHandler(root, o.ConfigPath)
	case len(o.ConfigBody) > 0 && namespace != tenant.Kubernetes:
		return "", fmt.Errorf("refused: runtime option ConfigBody outside of containerd namespace %s; name a file of %s as ConfigPath", tenant.Kubernetes, root.Handlers())
	}
	return tenant.ParseHandler(o.ConfigBody)
}
