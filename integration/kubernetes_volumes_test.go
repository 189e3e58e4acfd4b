package integration

import (
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bulkhead-dev/bulkhead/integration/cluster"
)

// a part of a pod that reads or writes each volume, and what it prints of it.
var volumeKinds = []struct {
	name, at, subPath string
	readOnly          bool
	source            corev1.VolumeSource
	script, want      string
}{
	{"disk", "/v/disk", "", false, corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}, "echo kept >/v/disk/f; cat /v/disk/f", "kept"},
	{"memory", "/v/memory", "", false, corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory, SizeLimit: resource.NewQuantity(1<<20, resource.BinarySI)}}, "stat -f -c %T /v/memory", "tmpfs"},
	{"settings", "/v/settings", "", true, fromConfigMap("settings"), "cat /v/settings/colour", "blue"},
	{"secret", "/v/secret", "", true, corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "password"}}, "cat /v/secret/word", "xyzzy"},
	{"podinfo", "/v/podinfo", "", true, corev1.VolumeSource{DownwardAPI: &corev1.DownwardAPIVolumeSource{Items: []corev1.DownwardAPIVolumeFile{nameItem}}}, "cat /v/podinfo/name", "volumes"},
	{"all", "/v/all", "", true, corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
		{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{nameItem}}},
		{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}},
		{Secret: &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "password"}}},
		{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: new(int64(600))}},
	}}}, "echo $(ls /v/all)", "colour name token word"},
	{"part", "/v/part/colour", "colour", true, fromConfigMap("settings"), "cat /v/part/colour", "blue"},
	{"folder", "/v/folder", "a/b", false, corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}, "echo deep >/v/folder/f; cat /v/folder/f", "deep"},
	{"claim", "/v/claim", "", false, claimed, "cat /v/claim/note; echo more >/v/claim/more", "of the node"},
	{"claims-part", "/v/claims-part", "inner", false, claimed, "echo inner >/v/claims-part/f; cat /v/claims-part/f", "inner"},
}

var (
	claimed  = corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "disk"}}
	nameItem = corev1.DownwardAPIVolumeFile{Path: "name", FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.name"}}
)

func fromConfigMap(name string) corev1.VolumeSource {
	return corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: name}}}
}

func (k *kube) volumeScenes() []scene {
	k.makeVolumes(acmePods)
	p := podOf(acmePods, "volumes", cluster.ByType, func(s *corev1.PodSpec) {
		for _, v := range volumeKinds {
			s.Volumes = append(s.Volumes, corev1.Volume{Name: v.name, VolumeSource: v.source})
			s.Containers[0].VolumeMounts = append(s.Containers[0].VolumeMounts, corev1.VolumeMount{Name: v.name, MountPath: v.at, SubPath: v.subPath, ReadOnly: v.readOnly})
		}
	})
	granted := podOf(globexPods, "host-path", cluster.ByPath, k.withHostPath)
	return []scene{
		{"every kind of volume", []*corev1.Pod{p}, func(k *kube) {
			k.running(p)
			for _, v := range volumeKinds {
				if got := k.run(p, "main", v.script); got != v.want {
					k.Errorf("%s: `%s` prints %q, want %q", v.name, v.script, got, v.want)
				}
			}
			if got := k.run(p, "main", "cut -d. -f1 /var/run/secrets/kubernetes.io/serviceaccount/token | wc -c"); got == "0" {
				k.Error("the service account has no token")
			}
		}},
		{"a folder of the node that the tenant may have", []*corev1.Pod{granted}, func(k *kube) {
			k.running(granted)
			if got := k.run(granted, "main", "cat /host/note; ! touch /host/mine"); !strings.HasPrefix(got, "of the node") {
				k.Errorf("it reads %q", got)
			}
		}},
	}
}

// withHostPath asks for the shared folder of the node, read-only.
func (k *kube) withHostPath(s *corev1.PodSpec) {
	s.Volumes = []corev1.Volume{{Name: "host", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: k.shared()}}}}
	s.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "host", MountPath: "/host", ReadOnly: true}}
}

// makeVolumes makes what volumes are of: settings, a password, and a claim to a
// folder of the node, bound as a controller would.
func (k *kube) makeVolumes(namespace string) {
	k.Helper()
	core, options := k.API.CoreV1(), metav1.CreateOptions{}
	_, err := core.ConfigMaps(namespace).Create(k.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "settings"}, Data: map[string]string{"colour": "blue"}}, options)
	k.must(err)
	_, err = core.Secrets(namespace).Create(k.ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "password"}, StringData: map[string]string{"word": "xyzzy"}}, options)
	k.must(err)
	size := corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Mi")}
	modes := []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	claim, err := core.PersistentVolumeClaims(namespace).Create(k.ctx, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "disk", Annotations: map[string]string{"pv.kubernetes.io/bind-completed": "yes"}},
		Spec:       corev1.PersistentVolumeClaimSpec{AccessModes: modes, VolumeName: "disk", StorageClassName: new(""), Resources: corev1.VolumeResourceRequirements{Requests: size}},
	}, options)
	k.must(err)
	volume, err := core.PersistentVolumes().Create(k.ctx, &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: "disk"},
		Spec: corev1.PersistentVolumeSpec{
			AccessModes: modes, Capacity: size,
			ClaimRef:               &corev1.ObjectReference{Kind: "PersistentVolumeClaim", Namespace: namespace, Name: claim.Name, UID: claim.UID},
			PersistentVolumeSource: corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: k.disk()}},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{cluster.NodeName}}},
			}}}},
		},
	}, options)
	k.must(err)
	volume.Status.Phase, claim.Status.Phase, claim.Status.Capacity = corev1.VolumeBound, corev1.ClaimBound, size
	_, err = core.PersistentVolumes().UpdateStatus(k.ctx, volume, metav1.UpdateOptions{})
	k.must(err)
	_, err = core.PersistentVolumeClaims(namespace).UpdateStatus(k.ctx, claim, metav1.UpdateOptions{})
	k.must(err)
}

// disk is the folder behind the claim.
func (k *kube) disk() string { return filepath.Join(k.Dir(), "disk") }
