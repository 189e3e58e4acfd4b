package integration

import (
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
	"github.com/bulkhead-dev/bulkhead/integration/cluster"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/integration/pods"
)

// Where pods of the network's scenes listen, and the kubelet.
const (
	podPort     = 8080
	healthPort  = 8081
	kubeletPort = 10250
)

// wallScenes are the pods between which walls stand: two of acme, one of globex,
// and one with acme's name below the stock handler, around which none do.
type wallScenes struct{ web, second, health, other, stock *corev1.Pod }

// walledPods are served by busybox, and looked at by the kubelet over the
// network, in each way that it has.
func walledPods() *wallScenes {
	serves := func(namespace, name, class string, probe corev1.ProbeHandler) *corev1.Pod {
		return podOf(namespace, name, class, func(s *corev1.PodSpec) {
			s.Containers[0].Command = []string{"httpd", "-f", "-p", fmt.Sprint(podPort), "-h", "/etc"}
			s.Containers[0].ReadinessProbe = &corev1.Probe{ProbeHandler: probe, PeriodSeconds: 1, TimeoutSeconds: 5}
		})
	}
	get := corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/passwd", Port: intstr.FromInt32(podPort)}}
	connect := corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(podPort)}}
	call := corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: healthPort}}
	return &wallScenes{
		web: serves(acmePods, "web", cluster.ByType, get), second: serves(acmePods, "second", cluster.ByPath, connect),
		health: serves(acmePods, "health", cluster.ByType, call),
		other:  serves(globexPods, "other", cluster.ByType, get), stock: serves(acmePods, "web-stock", cluster.Stock, get),
	}
}

func (w *wallScenes) pods() []*corev1.Pod {
	return []*corev1.Pod{w.web, w.second, w.health, w.other, w.stock}
}

// scenes are told in this order, on the same pods.
func (w *wallScenes) scenes() []scene {
	return []scene{
		{"probes pass the walls of pods", w.pods(), w.probed},
		{"walls between the pods of tenants", nil, w.apart},
		{"services on the node that serves them", nil, w.services},
		{"names and the API server through a node's walls", nil, w.names},
	}
}

// probed expects each pod to become ready by what the kubelet asks over the
// network. The server of gRPC is a thread of the test in the pod's network, since
// busybox has none.
func (w *wallScenes) probed(k *kube) {
	for _, p := range []*corev1.Pod{w.web, w.second, w.other, w.stock} {
		k.running(p)
	}
	started := k.until(w.health, "started", func(p *corev1.Pod) bool {
		return len(p.Status.ContainerStatuses) == 1 && p.Status.ContainerStatuses[0].State.Running != nil
	})
	if started.Status.ContainerStatuses[0].Ready {
		k.Error("a pod is ready before anybody answers its probe")
	}
	var l net.Listener
	k.in(w.health, func() (err error) {
		l, err = net.Listen("tcp", fmt.Sprint(":", healthPort))
		return err
	})
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	go server.Serve(l)
	k.running(w.health)
	server.Stop()
	k.delete(w.health)
}

// in runs f in the network namespace of a pod.
func (k *kube) in(p *corev1.Pod, f func() error) {
	k.Helper()
	file, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", k.pid(p)))
	k.must(err)
	defer file.Close()
	k.must(namespace.In(int(file.Fd()), f))
}

func (w *wallScenes) apart(k *kube) {
	toOwn, toOther := k.at(w.second), k.at(w.other)
	closed := []string{
		tcp("169.254.169.254", kubeletPort), // the node has it, and the kubelet listens everywhere
		tcp(pods.Address, kubeletPort), tcp(pods.Address, 6443),
	}
	k.onNode("ip", "address", "add", "169.254.169.254/32", "dev", "lo")
	defer k.onNode("ip", "address", "del", "169.254.169.254/32", "dev", "lo")
	k.reaches(w.stock, outcomes(true, append(closed, toOwn, toOther)...))
	k.reaches(w.web, outcomes(false, append(closed, toOther)...), outcomes(true, toOwn))
	k.reaches(w.other, outcomes(false, append(closed, toOwn)...))

	k.apply("peers: [globex]", "")
	k.reaches(w.web, outcomes(false, toOther))
	k.apply("peers: [globex]", "peers: [acme]")
	k.reaches(w.web, outcomes(true, toOwn, toOther))
	k.reaches(w.other, outcomes(true, toOwn))
	k.apply("", "")
	k.reaches(w.web, outcomes(false, toOther), outcomes(true, toOwn))
}

// stand expects the walls to be what they were, and those of a pod to go with it.
func (w *wallScenes) stand(k *kube) {
	k.await("containerd answers", func() bool {
		_, err := k.Exec(k.ctx, w.web.Namespace, w.web.Name, "main", "true")
		return err == nil
	})
	k.reaches(w.web, outcomes(true, k.at(w.second)), outcomes(false, k.at(w.other), tcp(pods.Address, kubeletPort)))
	before := k.standing()
	k.delete(w.second)
	k.await("its walls are gone", func() bool { return len(k.standing()) == len(before)-1 })
	left := k.standing()
	rules := k.onNode("nft", "list", "ruleset")
	for _, key := range before {
		if named := strings.Contains(rules, key); named != slices.Contains(left, key) {
			k.Errorf("the rules name %s: %v", key, named)
		}
	}
	k.reaches(w.web, outcomes(false, k.at(w.other)))
	k.must(k.StopProxy())
}

// standing are the keys of pods that have walls.
func (k *kube) standing() (keys []string) {
	k.Helper()
	k.must(k.Do(func() (err error) {
		keys, err = network.Standing(k.Root().Installation())
		return err
	}))
	return keys
}

// apply brings the scenes' policy to the node, with what is said of networks.
func (k *kube) apply(acme, globex string) {
	k.Helper()
	p := podPolicy(k.Node.Node)
	for name, text := range map[string]string{acmePods: acme, globexPods: globex} {
		p.Tenants[name] += "\nnetwork: {" + text + "}"
	}
	k.must(k.Node.Node.Apply(k.ctx, p))
}

// at is the technique that connects to a pod.
func (k *kube) at(p *corev1.Pod) string { k.Helper(); return tcp(k.get(p).Status.PodIP, podPort) }

func tcp(address string, port int) string { return fmt.Sprintf("tcp:%s:%d", address, port) }

// outcomes are what shall come of techniques.
func outcomes(through bool, techniques ...string) map[string]bool {
	all := map[string]bool{}
	for _, t := range techniques {
		all[t] = through
	}
	return all
}

// reaches expects what comes of techniques, tried side by side in a pod. What
// shall get through is tried again: the pod may still take a neighbour for dead
// that it could not see before.
func (k *kube) reaches(from *corev1.Pod, want ...map[string]bool) {
	k.Helper()
	all := map[string]bool{}
	for _, w := range want {
		maps.Copy(all, w)
	}
	said := k.tries(from, slices.Collect(maps.Keys(all)))
	for t, through := range all {
		got := said[t]
		if through && got != "ok" && node.Await(k.ctx, func() bool { got = k.tries(from, []string{t})[t]; return got == "ok" }) == nil {
			continue
		}
		if got == "" || (got == "ok") != through {
			k.Errorf("from %s: %s is %q, want through: %v", from.Name, t, got, through)
		}
	}
}

// tries is what came of each technique.
func (k *kube) tries(from *corev1.Pod, techniques []string) map[string]string {
	k.Helper()
	var script strings.Builder
	for _, t := range techniques {
		fmt.Fprintf(&script, "probe try %s & ", t)
	}
	said := map[string]string{}
	for line := range strings.Lines(k.run(from, "main", script.String()+"wait")) {
		technique, outcome, _ := strings.Cut(strings.TrimSpace(line), " ")
		said[technique] = outcome
	}
	return said
}

// onNode runs a program in the node's network.
func (k *kube) onNode(program string, args ...string) (stdout string) {
	k.Helper()
	k.must(k.Do(func() error {
		out, err := exec.Command(program, args...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, out)
		}
		stdout = string(out)
		return nil
	}))
	return stdout
}
