// Says so, instead of sending what no node of this version would read.
function encodeDownlink() {
	return { bytes: [], errors: ["unsupported: these nodes take no downlinks"] };
}

// ChirpStack v3.
function Decode(fPort, bytes) {
	var result = dormouse.decodeUplink({ fPort: fPort, bytes: bytes });
	if (result.errors.length > 0) throw new Error(result.errors[0]);
	return result.data;
}

function Encode() {
	throw new Error("unsupported: these nodes take no downlinks");
}
