package integration

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// inVM are the tests that a VM runs, by its mode: those whose answer depends on
// the version of cgroups, or on who has them. An emulated machine starts a
// container in seconds, so the others run on the host alone, unless somebody
// asks for all: make test-vm ALL=1.
var inVM = map[string][]string{
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
		"TestTenantWritesNoFasterThanItsLimit",
		"TestBusyTenantsSplitADiskByWeight",
		"TestTenantWithPodsAndOtherContainersHasItsLimitOnce",
		"TestApplyChangesTheLimitsOfRunningTenants",
		"TestSqueezeReclaimsForALowerLimit",
		"TestSwapOfATenantIsWhatItsLimitAllows",
		"TestHugepagesOfATenantBindItsContainersTogether",
		"TestVerifyFindsWhatSomebodyElseChangedAndApplyMendsIt",
		"TestFreezeStopsAWholeTenantUntilItIsThawed",
		"TestKilledShimLeavesNothingAfterDelete",
		"TestATenantChoosesCrun",
		"TestCrunJoinsTheNamespaceThatWasJudged",
		"TestNodeOfADiskIsNoAccessToIt",
		"TestAttacksOfTheCatalogue",
		"TestVerifyHoldsForEverythingThatRuns",
		"TestCrunDeniesDevicesWithoutRules",
	},
	"systemd": {
		"TestMachineHasWhatItsModeSays",
		"TestContainerIsBelowItsTenantsCgroup",
		"TestTwoContainersCannotPassTheirTenantsMemory",
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
		"TestCrunJoinsTheNamespaceThatWasJudged",
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
	mode := os.Getenv("BULKHEAD_TEST_VM")
	name, _, _ := strings.Cut(t.Name(), "/")
	if mode != "" && os.Getenv("BULKHEAD_TEST_ALL") == "" && !slices.Contains(inVM[mode], name) {
		t.Skip("says nothing new in this VM; with the others: make test-vm ALL=1")
	}
}

// Every test that a VM shall run exists.
func TestVMRunsTestsThatExist(t *testing.T) {
	source := ""
	files, err := os.ReadDir(".")
	if err != nil || os.Getenv("BULKHEAD_TEST_VM") != "" {
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
	for mode, names := range inVM {
		for _, name := range names {
			if !strings.Contains(source, "func "+name+"(t *testing.T) {") {
				t.Errorf("mode %s lists %s, which is no test", mode, name)
			}
		}
	}
}
