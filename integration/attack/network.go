package attack

// Attacks over the network.
const later = "the walls of the network are not built yet; what the namespace, the capabilities and the filter stop is above"

var network = []Row{
	{Number: "43", Attack: "Forged addresses (CVE-2020-10749, CVE-2020-13401, CVE-2021-32575)", Stops: "capabilities: no CAP_NET_RAW", Untried: later},
	{Number: "44", Attack: "The metadata service, link-local addresses, the host's own services (CVE-2020-8558)", Stops: "nothing yet", Untried: later},
	{Number: "45", Attack: "From tenant to tenant on one bridge", Stops: "nothing yet", Untried: later},
	{Number: "46", Attack: "All connections and all bandwidth", Stops: "nothing yet", Untried: later},
	{Number: "47", Attack: "All of the kernel's neighbour table", Stops: "nothing yet", Untried: later},
}
