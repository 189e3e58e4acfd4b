package compile

import "strings"

const (
	letters = "abcdefghijklmnopqrstuvwxyz"
	digits  = "0123456789"
)

// badLabel says what is wrong with an RFC 1123 label, empty when nothing is.
func badLabel(s string) string {
	const want = "; want at most 63 lower case letters, digits and '-', with a letter or digit at both ends"
	switch {
	case s == "":
		return "is empty" + want
	case len(s) > 63:
		return "has " + inTasks(int64(len(s))) + " characters" + want
	case strings.Trim(s, letters+digits+"-") != "" || strings.Trim(s, "-") != s:
		return "is " + quoted(s) + want
	}
	return ""
}

// badNamespace says what is wrong with a name of a containerd namespace.
// Source: containerd 2.4.2, pkg/identifiers/validate.go.
func badNamespace(s string) string {
	const want = "; want at most 76 letters, digits, '.', '_' and '-', with a letter or digit at both ends"
	switch {
	case s == "":
		return "is empty" + want
	case len(s) > 76:
		return "has " + inTasks(int64(len(s))) + " characters" + want
	case strings.Trim(s, letters+strings.ToUpper(letters)+digits+"._-") != "" || strings.Trim(s, "._-") != s:
		return "is " + quoted(s) + want
	}
	return ""
}
