package application

// checks are the third stage: what there is to say of a plan that is made. They change nothing, and none
// depends on another one, so their order does not matter.
var checks = []func(*view) Findings{
	// Members, and what belongs to them.
	checkBindings,
	checkUnseenBindings,
	checkTokens,
	checkUnseen,
	checkSilent,
	// Claims and their data.
	checkTargetNames,
	checkEmptyClaims,
	checkData,
	checkClaims,
	checkSharedClaims,
	// What the kustomizations have made: kustomizationChecks.
	checkNames,
	checkKustomized,
	// The stop at the source.
	checkPods,
	checkJobs,
	checkAutoscalers,
	checkGitOpsTools,
	checkCallers,
	checkTimes,
	// The start at the target.
	checkReady,
	checkPaused,
	checkTemplates,
	checkReached,
	checkIngresses,
	checkServices,
	checkNamespaceNames,
	checkWaits,
}

// kustomizationChecks are those of them that look at what the kustomizations have made.
var kustomizationChecks = []func(*view) Findings{checkNames, checkKustomized}

// check collects what the checks find.
func check(v *view, checks []func(*view) Findings) Findings {
	var out Findings
	for _, c := range checks {
		out = append(out, c(v)...)
	}
	return out
}
