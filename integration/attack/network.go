package attack

// Attacks over the network.
var network = []Row{
	{Number: "43", Attack: "Forged addresses (CVE-2020-10749, CVE-2020-13401, CVE-2021-32575)", Stops: "the walls of the network; capabilities: no CAP_NET_RAW", Tested: "TestWallsOnEveryEngine, TestWallsAroundASandbox, TestInterfaceThatComesLaterHasWalls, TestRawFramesWaitForWalls"},
	{Number: "44", Attack: "The metadata service, link-local addresses, the host's own services (CVE-2020-8558)", Stops: "the walls of the network", Tested: "TestWallsOnEveryEngine, TestWallsInNetworksOfADocker, TestWallsAroundASandbox"},
	{Number: "45", Attack: "From tenant to tenant on one bridge", Stops: "the walls of the network", Tested: "TestWallsOnEveryEngine, TestWallsAroundASandbox"},
	{Number: "46", Attack: "All connections and all bandwidth", Stops: "the walls of the network: limits.connections, container.max.connections", Tested: "TestWallsOnEveryEngine, TestFlowsOfOneTenantLeaveRoomForOthers"},
	{Number: "47", Attack: "All of the kernel's neighbour table", Stops: "the guard inside the network, where the tenant has neither CAP_NET_ADMIN nor CAP_NET_RAW", Tested: "TestNeighboursOfAContainerAreFew"},
}
