import { intSize } from "./cbor-size.js";
import type { EncodedNode, NodeEncoding, RecordEncoding } from "./encoding.js";
import { SenmlEncoder, senmlBase } from "./senml-encoder.js";
import { senmlQuantity, senmlValue } from "./senml-units.js";

/** All but the readings, at its largest: the array, `sample.number` with base name and time, `sample.epoch`. */
const HEAD = 2 + (1 + 1 + 14 + 1 + 5 + 1 + 31 + 1 + 5) + (1 + 1 + 13 + 1 + 3);

/** SenML-CBOR (RFC 8428): for receivers that understand it already; see docs/wire.md. `declareNode({ …, encoding: senml })`. */
export const senml: RecordEncoding = Object.freeze({
	plan({ frame, quantities: declared }: EncodedNode): NodeEncoding {
		const quantities = Object.freeze(declared.map(senmlQuantity));
		let least = HEAD;
		quantities.forEach((quantity, n) => {
			// What is whole in each step takes as much as its extremes; anything else a float.
			const low = senmlValue(frame.low[n]!, quantity);
			const high = senmlValue(frame.high[n]!, quantity);
			const step = (quantity.times % quantity.over) + (quantity.plus % quantity.over);
			const value =
				step === 0 && Number.isSafeInteger(low) && Number.isSafeInteger(high)
					? Math.max(intSize(low), intSize(high))
					: 9;
			least += 1 + 1 + intSize(quantity.name.length) + quantity.name.length + 1 + value + 2 + quantity.unit.length;
		});
		return Object.freeze<NodeEncoding>({
			kind: "senml",
			least,
			create: (nodeId, view, reader, record) => new SenmlEncoder(quantities, senmlBase(nodeId), view, reader, record),
		});
	},
});
