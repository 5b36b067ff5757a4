import { bench as awake } from "./awake.js";
import { bench as cbor } from "./cbor.js";
import { bench as lora } from "./lora.js";
import { bench as mqtt } from "./mqtt.js";
import { bench as node } from "./node.js";
import { bench as store } from "./store.js";
import { tamperRows as tamper } from "./tamper.js";
import { bench as tls } from "./tls.js";
import { bench as wire } from "./wire.js";
import { bench as xs } from "./xs.js";

/** `npm run bench [-- NAME …]`: runs benchmarks by name, all of them by default. Figures, not verdicts. */
const BENCHES: Readonly<Record<string, () => Promise<void>>> = Object.freeze({
	node,
	awake,
	xs,
	wire,
	cbor,
	store,
	tamper,
	mqtt,
	lora,
	tls,
});

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in BENCHES));
if (unknown.length) {
	process.stderr.write(`bench: no ${unknown.join(", ")}; ${Object.keys(BENCHES).join(", ")} would be right\n`);
	process.exitCode = 2;
} else
	for (const name of wanted.length ? wanted : Object.keys(BENCHES)) {
		process.stdout.write(`${name}\n`);
		await BENCHES[name]!();
	}
