import { compact } from "../../../modules/codec/compact.js";
import { senml } from "../../../modules/codec/senml.js";
import { minutes, seconds } from "../../../modules/core/time.js";
import { declareNode, type NodeOptions } from "../../../modules/cycle/declaration.js";
import { sensor } from "../../../modules/measure/sensor.js";
import type { UplinkDeclaration } from "../../../net/uplink.js";
import * as assert from "../../assert.js";

const create = () => assert.fail("created");
const uplink: UplinkDeclaration = { kind: "fake", batch: 2, deadlineMs: 1, mtu: 100, trimOn: "peer", create };
function chip(count: number, prefix = "t") {
	const channels = Array.from({ length: count }, (_, n) => ({ name: `${prefix}${n}`, unit: "Cel" }) as const);
	const rest = { step: 0.01, resolution: 0.1, low: -40, high: 85 };
	return sensor({ chip: "fake", port: "I2C.default", channels: channels.map((one) => ({ ...one, ...rest })), create });
}
/** One bit, whose sample alone would fit 6 bytes. */
const switched = sensor({
	chip: "fake",
	port: "I2C.default",
	channels: [{ name: "on", unit: "/", step: 1, resolution: 1, low: 0, high: 1 }],
	create,
});
const evidence = Object.freeze({ create });
const good: NodeOptions = { name: "weather", every: minutes(10), sensors: [chip(2)], uplink };

describe("node declaration", () => {
	it("a good one: checked, completed and frozen", () => {
		const node = declareNode(good);
		assert.equal(node.everySeconds, 600);
		assert.equal(node.durability, "rtc");
		assert.deepEqual(
			node.quantities.map(({ name }) => name),
			["t0", "t1"],
		);
		assert.ok(Object.isFrozen(node) && Object.isFrozen(node.sensors) && Object.isFrozen(node.quantities));
	});
	it("encoding: compact unless another is chosen", () => {
		assert.equal(declareNode(good).encoding.kind, "compact");
		assert.equal(declareNode({ ...good, encoding: compact }).encoding.kind, "compact");
		const mtu = declareNode({ ...good, encoding: senml, uplink: { ...uplink, mtu: 500 } }).encoding.least;
		assert.equal(declareNode({ ...good, encoding: senml, uplink: { ...uplink, mtu } }).encoding.kind, "senml");
		assert.throws(() => declareNode({ ...good, encoding: senml, uplink: { ...uplink, mtu: mtu - 1 } }), {
			code: "declaration",
			message: `uplink.mtu: ${mtu - 1} bytes is wrong; at least ${mtu}`,
		});
	});
	for (const [name, change] of [
		["a second", { every: seconds(1) }],
		["a day", { every: 86_400 }],
		["a name of 32", { name: "n".repeat(32) }],
		["a link for just one sample", { uplink: { ...uplink, mtu: 8 } }],
		["a link for just one record of another kind", { sensors: [switched], uplink: { ...uplink, mtu: 7 } }],
		["eight sensors", { sensors: Array.from({ length: 8 }, (_, n) => chip(3, `${"abcdefgh"[n]}`)) }],
		["evidence", { durability: "flash", evidence }],
		["evidence that refuses the newest", { durability: "flash", evidence, full: "newest" }],
	] as const)
		it(`${name}: taken`, () => {
			declareNode({ ...good, ...change });
		});
	for (const [name, options, message, remedy] of [
		["nothing", undefined, "declareNode", "an object"],
		["null", null, "declareNode", "an object"],
		["misspelt field", { ...good, evry: 5 }, "evry", "one of name, every, sensors, uplink, encoding, durability"],
		["no name", { ...good, name: undefined }, "name", "letters, digits or -"],
		["empty name", { ...good, name: "" }, "name", "1 to 32"],
		["name of 33", { ...good, name: "n".repeat(33) }, "name", "1 to 32"],
		["name with an umlaut", { ...good, name: "wärme" }, "name", "letters, digits or -"],
		["no period", { ...good, every: undefined }, "every", "seconds(1) to days(1)"],
		["period 0", { ...good, every: 0 }, "every", "seconds(1)"],
		["period beyond a day", { ...good, every: 86_401 }, "every", "days(1)"],
		["half a second", { ...good, every: 0.5 }, "every", "seconds(1)"],
		["period NaN", { ...good, every: Number.NaN }, "every", "seconds(1)"],
		["period as text", { ...good, every: "10 minutes" }, "every", "seconds(1)"],
		["no sensors", { ...good, sensors: [] }, "sensors", "a list of 1 to 8"],
		["sensors not in a list", { ...good, sensors: chip(1) }, "sensors", "a list of 1 to 8"],
		["nine sensors", { ...good, sensors: Array.from({ length: 9 }, () => chip(1)) }, "sensors", "1 to 8"],
		["a sensor that is none", { ...good, sensors: [chip(1), {}] }, "sensors[1]", "a factory of sensors/"],
		["a sensor that is a hole", { ...good, sensors: [undefined] }, "sensors[0]", "a factory of sensors/"],
		["a sensor that was not called", { ...good, sensors: [chip] }, "sensors[0]", "a factory of sensors/"],
		["two readings of a name", { ...good, sensors: [chip(1), chip(1)] }, 'called "t0"', "name:"],
		["25 readings", { ...good, sensors: [chip(25)] }, "25 readings", "at most 24"],
		["no uplink", { ...good, uplink: undefined }, "uplink", "mqtt("],
		["uplink that was not called", { ...good, uplink: () => uplink }, "uplink", "mqtt("],
		["encoding by name", { ...good, encoding: "senml" }, "encoding", "senml or compact, imported"],
		["encoding null", { ...good, encoding: null }, "encoding", "senml or compact, imported"],
		["a link too small for a sample", { ...good, uplink: { ...uplink, mtu: 7 } }, "uplink.mtu: 7 bytes", "at least 8"],
		["a link of nothing", { ...good, uplink: { ...uplink, mtu: 0 } }, "uplink.mtu", "at least 8, which one sample"],
		[
			"a link too small for a health record",
			{ ...good, sensors: [switched], uplink: { ...uplink, mtu: 6 } },
			"uplink.mtu",
			"at least 7",
		],
		["durability that is none", { ...good, durability: "eeprom" }, "durability", '"rtc" or "flash"'],
		["spilling without end", { ...good, spill: { every: 604_801 } }, "spill.every: 604801", "minutes(1) to days(7)"],
		["spilling all the time", { ...good, spill: { every: 59 } }, "spill.every: 59", "minutes(1) to days(7)"],
		["spilling by another field", { ...good, spill: { when: 60 } }, "spill.when", "every or below"],
		["spilling by name", { ...good, spill: "hourly" }, "spill", "{ every: …, below: { … } }"],
		["spilling by a list", { ...good, spill: [] }, "spill: a list", "{ every: …, below: { … } }"],
		["spilling below a list", { ...good, spill: { below: [3.4] } }, "spill.below", "{ battery: 3.4 }"],
		["spilling below nothing", { ...good, spill: { below: 3.4 } }, "spill.below", "{ battery: 3.4 }"],
		["spilling below no reading", { ...good, spill: { below: { toString: 1 } } }, "spill.below.toString", "one of t0"],
		["spilling below a limit out of range", { ...good, spill: { below: { t0: 1e9 } } }, "spill.below.t0", " to "],
		["a policy that is none", { ...good, full: "random" }, "full", '"oldest", "newest" or { thin: 2 }'],
		["thinning out by two fields", { ...good, full: { thin: 2, thick: 3 } }, "full.thick: this field", "thin"],
		["thinning out nothing", { ...good, full: { thin: 1 } }, "full", "{ thin: 2 } … { thin: 10 }"],
		["thinning out all", { ...good, full: { thin: 11 } }, "full", "{ thin: 2 } … { thin: 10 }"],
		[
			"evidence that is none",
			{ ...good, durability: "flash", evidence: true },
			"evidence: true",
			"hashChain, imported",
		],
		["evidence null", { ...good, durability: "flash", evidence: null }, "evidence: null", "hashChain, imported"],
		[
			"evidence in RTC memory",
			{ ...good, evidence },
			"evidence: hashChain with this durability",
			'durability: "flash"',
		],
		[
			"evidence thinned out",
			{ ...good, durability: "flash", evidence, full: { thin: 2 } },
			"evidence: hashChain with this durability or full",
			"without thinning",
		],
		["thinning out without a number", { ...good, full: {} }, "full", "{ thin: 2 }"],
	] as const)
		it(`${name}: refused, field and remedy are named`, () => {
			for (const text of [message, remedy])
				assert.throws(() => declareNode(options as NodeOptions), { code: "declaration", message: text });
		});
});
