package isolator

import "testing"

func TestVolumeFolderIsTheOneThatGoesWithTheVolume(t *testing.T) {
	roots := []string{"/var/lib/docker", "/var/lib/nerdctl/", "/var/lib/docker/volumes/dind/_data"}
	for p, want := range map[string]string{
		"/var/lib/docker/volumes/data/_data":                           "/var/lib/docker/volumes/data",
		"/var/lib/docker/volumes/data/_data/sub/dir":                   "/var/lib/docker/volumes/data",
		"/var/lib/docker/100000.100000/volumes/data/_data":             "/var/lib/docker/100000.100000/volumes/data",
		"/var/lib/nerdctl/1935db59/volumes/default/data/_data":         "/var/lib/nerdctl/1935db59/volumes/default/data",
		"/var/lib/nerdctl/1935db59/volumes/default/data/_data/sub":     "/var/lib/nerdctl/1935db59/volumes/default/data",
		"/var/lib/docker/volumes/dind/_data/volumes/x/_data":           "/var/lib/docker/volumes/dind",
		"/var/lib/docker/volumes/data":                                 "",
		"/var/lib/docker/volumes/data/_data2":                          "",
		"/var/lib/docker/volumes/data/other/_data":                     "",
		"/var/lib/docker/volumes/_data":                                "",
		"/var/lib/docker/volumes":                                      "",
		"/var/lib/docker":                                              "",
		"/var/lib/docker/100000/volumes/data/_data":                    "",
		"/var/lib/docker/./volumes/data/_data":                         "",
		"/var/lib/docker/volumes/data/_data/../../other/_data":         "",
		"/var/lib/dockerx/volumes/data/_data":                          "",
		"/srv/volumes/data/_data":                                      "",
		"var/lib/docker/volumes/data/_data":                            "",
		"/var/lib/docker/containers/0123/volumes/data/_data":           "",
		"/var/lib/nerdctl/1935db59/containers/default/volumes/x/_data": "",
	} {
		if got, ok := VolumeFolder(roots, p); got != want || ok != (want != "") {
			t.Errorf("%s is of %q, %v; want %q", p, got, ok, want)
		}
	}
}
