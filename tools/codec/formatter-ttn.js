// The samples that decodeUplink gave, as The Things Stack's normalized payload has them.
function normalizeUplink(input) {
	return dormouse.normalizeUplink(input);
}

// Says so, instead of sending what no node of this version would read.
function encodeDownlink() {
	return { bytes: [], warnings: [], errors: ["unsupported: these nodes take no downlinks"] };
}
