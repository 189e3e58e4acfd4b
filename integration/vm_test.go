package integration

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// matters are the tests that a VM runs, by its mode: those whose answer depends on
// the version of cgroups, or on who has them; behind a slash, the engine that they
// run on. An emulated machine starts a container in seconds, so the others run on
// the host alone, unless somebody asks for all: make test-vm ALL=1.
var matters = map[string][]string{
	"cgroupfs": {
		"TestMachineHasWhatItsModeSays",
		"TestContainerIsBelowItsTenantsCgroup",
		"TestTwoContainersCannotPassTheirTenantsMemory",
		"TestPidsOfAParentBindTheSumOfItsChildren",
		"TestBusyTenantsSplitTheCPUByWeight",
		"TestIdleTenantHasWhatNobodyElseWants",
		"TestAnIdleTenantIsReclaimedFirst",
		"TestIdleTenantIsKilledFirstForMemory",
		"TestRequestedMemoryStaysUnderTheNodesPressure",
		"TestExclusiveTenantHasItsCoresAlone",
		"TestBlockIOLimitIsInTheCgroupThatHoldsIt",
		"TestBusyTenantsSplitADiskByWeight",
		"TestTenantWithPodsAndOtherContainersHasItsLimitOnce",
		"TestApplyChangesTheLimitsOfRunningTenants",
		"TestSqueezeReclaimsForALowerLimit",
		"TestSwapOfATenantIsWhatItsLimitAllows",
		"TestHugepagesOfATenantBindItsContainersTogether",
		"TestKilledShimLeavesNothingAfterDelete",
		"TestCrunJoinsTheNamespaceThatWasJudged",
		"TestNodeOfADiskIsNoAccessToIt",
		"TestAttacksOfTheCatalogue",
		"TestVerifyHoldsForEverythingThatRuns",
		"TestCrunDeniesDevicesWithoutRules",
		"TestDockerUpdateCannotExceedTheTenant/docker-29",
		"TestCRIUpdateCannotExceedTheTenant/containerd-1.6.20",
		"TestNerdctlRunsContainersOfTheTenant",
		"TestRunscLimitsChangeWhileItRuns",
	},
	"systemd": {
		"TestMachineHasWhatItsModeSays",
		"TestContainerIsBelowItsTenantsCgroup",
		"TestMemoryOfAParentBindsTheSumOfItsChildren",
		"TestLastContainerTakesTheCgroupsOfAllLevelsAlong",
		"TestTenantWritesNoFasterThanItsLimit",
		"TestApplyChangesTheLimitsOfRunningTenants",
		"TestLimitsSurviveAReloadOfSystemd",
		"TestASliceIsStoppedWithItsLastContainer",
		"TestPackageAndInstallOnAMachineWithSystemd",
		"TestVerifyFindsWhatSomebodyElseChangedAndApplyMendsIt",
		"TestFreezeStopsAWholeTenantUntilItIsThawed",
		"TestKilledShimLeavesNothingAfterDelete",
		"TestATenantChoosesCrun",
		"TestInstallDockerOnAMachineWithSystemd/docker-29",
		"TestCRIRunsPodsOfTwoTenants/containerd-2.4.2/bulkhead",
		"TestCRIPodHasUsersOfItsOwn/containerd-2.4.2",
	},
	"hybrid": {
		"TestMachineHasWhatItsModeSays",
		"TestContainerIsBelowItsTenantsCgroup",
		"TestTwoContainersCannotPassTheirTenantsMemory",
		"TestApplyChangesTheLimitsOfRunningTenants",
		"TestLimitsSurviveAReloadOfSystemd",
	},
}

// onlyIfItMatters skips a test in a VM that says nothing new there.
func onlyIfItMatters(t *testing.T) {
	t.Helper()
	if !inVM() || os.Getenv("BULKHEAD_TEST_ALL") != "" {
		return
	}
	name := t.Name() + "/"
	if !slices.ContainsFunc(matters[vmMode()], func(listed string) bool {
		return strings.HasPrefix(name, listed+"/") || strings.HasPrefix(listed+"/", name)
	}) {
		t.Skip("says nothing new in this VM; with the others: make test-vm ALL=1")
	}
}

// vmMode is that of the VM that the tests run in; empty: they are on a host.
func vmMode() string { return os.Getenv("BULKHEAD_TEST_VM") }

func inVM() bool { return vmMode() != "" }

// Every test that a VM shall run exists.
func TestVMRunsTestsThatExist(t *testing.T) {
	source := ""
	files, err := os.ReadDir(".")
	if err != nil || inVM() {
		t.Skip("the sources are not there")
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), "_test.go") {
			data, err := os.ReadFile(f.Name())
			if err != nil {
				t.Fatal(err)
			}
			source += string(data)
		}
	}
	for mode, names := range matters {
		for _, name := range names {
			name, _, _ = strings.Cut(name, "/")
			if !strings.Contains(source, "func "+name+"(t *testing.T) {") {
				t.Errorf("mode %s lists %s, which is no test", mode, name)
			}
		}
	}
}
