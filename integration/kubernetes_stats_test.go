package integration

import (
	"encoding/json"

	corev1 "k8s.io/api/core/v1"

	"github.com/bulkhead-dev/bulkhead/integration/cluster"
)

// use is what the kubelet says of a node, a pod or a container (stats/v1alpha1).
type use struct {
	CPU    struct{ UsageCoreNanoSeconds uint64 }
	Memory struct{ WorkingSetBytes uint64 }
}

type podUse struct {
	PodRef     struct{ Name, Namespace string }
	Containers []struct {
		Name string
		use
	}
	use
}

type summary struct {
	Node use
	Pods []podUse
}

// stats expects that the kubelet counts the use of a pod with two containers and
// a sidecar.
func (k *kube) stats(p *corev1.Pod) {
	k.running(p)
	var seen podUse
	var all summary
	k.Cleanup(func() {
		if k.Failed() {
			k.Logf("of the pod: %+v; of the node: %+v", seen, all.Node)
		}
	})
	k.await("the use of the pod and of each container is counted", func() bool {
		data, err := k.API.CoreV1().RESTClient().Get().AbsPath("/api/v1/nodes/" + cluster.NodeName + "/proxy/stats/summary").DoRaw(k.ctx)
		k.must(err)
		all = summary{}
		k.must(json.Unmarshal(data, &all))
		for _, u := range all.Pods {
			if u.PodRef.Namespace == p.Namespace && u.PodRef.Name == p.Name {
				seen = u
			}
		}
		for _, c := range seen.Containers {
			if c.Memory.WorkingSetBytes == 0 || c.CPU.UsageCoreNanoSeconds == 0 {
				return false
			}
		}
		return len(seen.Containers) == 3 && seen.Memory.WorkingSetBytes > 0 && seen.CPU.UsageCoreNanoSeconds > 0
	})
	if all.Node.Memory.WorkingSetBytes < seen.Memory.WorkingSetBytes || all.Node.CPU.UsageCoreNanoSeconds < seen.CPU.UsageCoreNanoSeconds {
		k.Errorf("the node uses %+v, and the pod %+v", all.Node, seen.use)
	}
}
