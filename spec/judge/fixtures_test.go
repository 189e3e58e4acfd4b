// Package judge puts what Bulkhead makes of a request before judges that
// nobody here wrote: the Pod Security Standards as the API server enforces
// them, and runc's own reading of a spec.
package judge

import (
	"encoding/json"
	"fmt"
	"go/build"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// psaFixture is a pod of the fixtures of k8s.io/pod-security-admission.
type psaFixture struct {
	name  string // "restricted/fail/runasuser0"
	level api.Level
	pass  bool
	pod   *corev1.Pod
}

// levels are those that refuse anything.
var levels = []api.Level{api.LevelBaseline, api.LevelRestricted}

// podFixtures reads the fixtures of the newest version of each check, and
// counts those for Windows, which it leaves out.
func podFixtures(t *testing.T) (all []*psaFixture, windows int) {
	t.Helper()
	root := fixtureFolder(t)
	for _, level := range levels {
		newest := newestVersion(t, filepath.Join(root, string(level)))
		for _, verdict := range []string{"pass", "fail"} {
			paths, err := filepath.Glob(filepath.Join(newest, verdict, "*.yaml"))
			if err != nil || len(paths) == 0 {
				t.Fatalf("%s holds no fixtures (%v)", newest, err)
			}
			for _, path := range paths {
				base := strings.TrimSuffix(filepath.Base(path), ".yaml")
				if strings.Contains(base, "windows") {
					windows++
					continue
				}
				f := &psaFixture{name: fmt.Sprintf("%s/%s/%s", level, verdict, base), level: level, pass: verdict == "pass"}
				if f.pod, err = readPod(path); err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				all = append(all, f)
			}
		}
	}
	return all, windows
}

// fixtureFolder is where the module of the judge keeps them.
func fixtureFolder(t *testing.T) string {
	t.Helper()
	p, err := build.Import("k8s.io/pod-security-admission/policy", ".", build.FindOnly)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(filepath.Dir(p.Dir), "test", "testdata")
}

// newestVersion returns the folder of the newest version: "v1.37".
func newestVersion(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	newest, at := -1, ""
	for _, e := range entries {
		var minor int
		if _, err := fmt.Sscanf(e.Name(), "v1.%d", &minor); err == nil && minor > newest {
			newest, at = minor, e.Name()
		}
	}
	return filepath.Join(dir, at)
}

// readPod reads a pod and sets what the API server would before it judges.
func readPod(path string) (*corev1.Pod, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	data, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, err
	}
	pod := new(corev1.Pod)
	if err := json.Unmarshal(data, pod); err != nil {
		return nil, err
	}
	for i, v := range pod.Spec.Volumes {
		if v.VolumeSource == (corev1.VolumeSource{}) {
			pod.Spec.Volumes[i].EmptyDir = new(corev1.EmptyDirVolumeSource)
		}
	}
	return pod, nil
}

// forbidden asks the judge; the result is why, and empty for a pod that the
// level allows.
func forbidden(t *testing.T, level api.Level, pod *corev1.Pod) string {
	t.Helper()
	e, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	results := e.EvaluatePod(api.LevelVersion{Level: level, Version: api.LatestVersion()}, &pod.ObjectMeta, &pod.Spec)
	if len(results) == 0 {
		t.Fatalf("level %s has no checks", level)
	}
	sum := policy.AggregateCheckResults(results)
	return sum.ForbiddenDetail()
}

// containersOf lists a pod's containers in the order that they start.
func containersOf(pod *corev1.Pod) []corev1.Container {
	return slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers)
}
