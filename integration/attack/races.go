package attack

// Races and leaks of a delegate.
var races = []Row{
	{Number: "20", Attack: "A descriptor of the host that was left open, as the working directory (CVE-2024-21626)", Stops: "identity; a delegate of 1.1.12 or later", Tested: "TestVerifyHoldsForEverythingThatRuns"},
	{Number: "21", Attack: "Writing the delegate's own program through /proc (CVE-2019-5736)", Stops: "userns; the delegate runs a sealed copy of itself", Tries: []Try{
		{Technique: "open-exe", Privileged: "ETXTBSY", Stock: "ETXTBSY", Bulkhead: "ETXTBSY", Below: "runc 1.0-rc6 and later: what is open is a copy, or the program of the container"},
	}},
	{Number: "22", Attack: "A link exchanged while a mount is made (CVE-2021-30465, CVE-2023-27561)", Stops: "mounts; the delegate gets what was judged"},
	{Number: "23", Attack: "Masked paths and /dev/console that a link of the image diverts (CVE-2025-31133, CVE-2025-52565, CVE-2025-52881)", Stops: "paths; a delegate of 1.2.8, 1.3.3 or 1.4", Tries: []Try{
		{Technique: "core-pattern", Privileged: "ok", Stock: "EROFS", Bulkhead: "EROFS"},
	}},
	{Number: "24", Attack: "A helper on the host that follows links of the root filesystem (CVE-2024-0132, CVE-2025-23359)", Stops: "ocihooks; nothing of Bulkhead's opens a path in a root filesystem"},
	{Number: "25", Attack: "Capabilities that a program inherits (CVE-2022-29162, CVE-2022-24769)", Stops: "capabilities", Tested: "TestContainerHasTheRightsOfItsLevel"},
	{Number: "26", Attack: "Into a process that joins, or its terminal (CVE-2016-9962)", Stops: "namespaces, seccomp", Tries: []Try{
		{Technique: "tiocsti", Privileged: "ok", Stock: "ok", Bulkhead: "EPERM"},
		{Technique: "tiocsti-high", Privileged: "ok", Stock: "ok", Bulkhead: "EPERM"},
	}},
}
