package integration

import (
	"fmt"
	"net"
	"os"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
	"github.com/bulkhead-dev/bulkhead/integration/pods"
	"github.com/bulkhead-dev/bulkhead/integration/world"
)

// A service that the test makes, with its addresses.
type service struct {
	of            *corev1.Pod
	clusterIP     string
	port, forNode int
}

func (s service) byCluster() string { return tcp(s.clusterIP, s.port) }

func (s service) byNode() string { return tcp(pods.Address, s.forNode) }

// serve makes a service of a pod, and says where it is, as a controller would.
func (k *kube) serve(s service) service {
	k.Helper()
	options, meta := metav1.CreateOptions{}, metav1.ObjectMeta{Namespace: s.of.Namespace, Name: s.of.Name}
	_, err := k.API.CoreV1().Services(meta.Namespace).Create(k.ctx, &corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{
		Type: corev1.ServiceTypeNodePort, ClusterIP: s.clusterIP,
		Ports: []corev1.ServicePort{{Port: int32(s.port), TargetPort: intstr.FromInt32(podPort), NodePort: int32(s.forNode)}},
	}}, options)
	k.must(err)
	meta.Labels = map[string]string{discoveryv1.LabelServiceName: s.of.Name}
	_, err = k.API.DiscoveryV1().EndpointSlices(meta.Namespace).Create(k.ctx, &discoveryv1.EndpointSlice{
		ObjectMeta: meta, AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints: []discoveryv1.Endpoint{{Addresses: []string{k.get(s.of).Status.PodIP}}},
		Ports:     []discoveryv1.EndpointPort{{Name: new(""), Port: new(int32(podPort))}},
	}, options)
	k.must(err)
	return s
}

// services expects that kube-proxy's rules lead nobody through a wall, whichever
// address of a service is asked, and that those outside of the node get through.
func (w *wallScenes) services(k *kube) {
	k.must(k.StartProxy(k.ctx))
	own := k.serve(service{of: w.second, clusterIP: "10.96.0.20", port: 80, forNode: 30080})
	other := k.serve(service{of: w.other, clusterIP: "10.96.0.30", port: 80, forNode: 30081})
	all := []string{own.byCluster(), own.byNode(), other.byCluster(), other.byNode()}
	k.await("kube-proxy serves", func() bool { return k.through(w.stock, all...) })
	k.reaches(w.web, outcomes(true, all[:2]...), outcomes(false, all[2:]...))
	k.reaches(w.other, outcomes(false, all[:2]...))
	k.apply("peers: [globex]", "peers: [acme]")
	k.reaches(w.web, outcomes(true, all...))
	k.reaches(w.other, outcomes(true, all[:2]...))
	k.apply("", "")
	k.reaches(w.web, outcomes(true, all[:2]...), outcomes(false, all[2:]...))

	beside := k.beside()
	defer beside.remove(k)
	for _, s := range []service{own, other} {
		if err := beside.connects(pods.Address, s.forNode); err != nil {
			k.Errorf("from outside: %v", err)
		}
	}
	outside := tcp(besideAddress, podPort)
	k.reaches(w.web, outcomes(true, outside))
	// Rules are about the world outside, on either side of a service.
	k.apply(fmt.Sprintf("egress: [{action: Deny, to: [{cidr: %s/32}]}]", besideAddress), fmt.Sprintf("ingress: [{action: Deny, from: [{cidr: %s/32}], ports: [{protocol: TCP, port: %d}]}]", besideAddress, podPort))
	k.reaches(w.web, outcomes(false, outside), outcomes(true, all[:2]...))
	if beside.connects(pods.Address, other.forNode) == nil {
		k.Error("a rule of ingress does not hold behind a NodePort")
	}
	if err := beside.connects(pods.Address, own.forNode); err != nil {
		k.Errorf("from outside: %v", err)
	}
	k.apply("", "")
	k.reaches(w.web, outcomes(true, outside))
}

// through reports whether all techniques succeed.
func (k *kube) through(from *corev1.Pod, techniques ...string) bool {
	k.Helper()
	for _, outcome := range k.tries(from, techniques) {
		if outcome != "ok" {
			return false
		}
	}
	return true
}

// A machine beside the node, which is a network namespace.
type beside struct {
	file *os.File
	l    net.Listener
}

// Addresses of the link between the node and the machine beside it, from a range
// for documentation (RFC 5737).
const besideAddress, besideGateway, besideLink = "192.0.2.2", "192.0.2.1", "beside0"

// beside makes the machine, which listens where pods do.
func (k *kube) beside() *beside {
	k.Helper()
	b := new(beside)
	k.must(world.OnThread(func() error {
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			b.file, err = os.Open("/proc/thread-self/ns/net")
		}
		return err
	}))
	up := func(name, address string) error {
		l, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		a, err := netlink.ParseAddr(address + "/30")
		if err == nil {
			err = netlink.AddrAdd(l, a)
		}
		if err == nil {
			err = netlink.LinkSetUp(l)
		}
		return err
	}
	k.must(k.Do(func() error {
		err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: besideLink}, PeerName: "eth0", PeerNamespace: netlink.NsFd(b.file.Fd())})
		if err == nil {
			err = up(besideLink, besideGateway)
		}
		return err
	}))
	k.must(namespace.In(int(b.file.Fd()), func() error {
		err := up("eth0", besideAddress)
		if err == nil {
			err = netlink.RouteAdd(&netlink.Route{Gw: net.ParseIP(besideGateway)})
		}
		if err == nil {
			b.l, err = net.Listen("tcp", fmt.Sprintf("%s:%d", besideAddress, podPort))
		}
		return err
	}))
	return b
}

// connects opens a connection from the machine, which the node's addresses and
// rules must answer.
func (b *beside) connects(address string, port int) error {
	return namespace.In(int(b.file.Fd()), func() error {
		c, err := net.DialTimeout("tcp", fmt.Sprintf("%s:%d", address, port), 2*time.Second)
		if err == nil {
			err = c.Close()
		}
		return err
	})
}

func (b *beside) remove(k *kube) {
	b.l.Close()
	b.file.Close()
	k.onNode("ip", "link", "del", besideLink)
}
