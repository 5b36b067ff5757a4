import { resolveSenml, type SenmlRecord } from "../../../tools/senml.js";
import { parseSenmlJson, senmlJson } from "../../../tools/senml-json.js";
import * as assert from "../../assert.js";

const ONE_WIRE = "urn:dev:ow:10e2073a01080063";

/** The examples of RFC 8428 §5.1, as they stand there. */
const EXAMPLES: Readonly<Record<string, string>> = Object.freeze({
	"5.1.1": `[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]`,
	"5.1.2 first": `[
  {"bn":"urn:dev:ow:10e2073a01080063:","n":"voltage","u":"V","v":120.1},
  {"n":"current","u":"A","v":1.2}
]`,
	"5.1.2 second": `[
     {"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,
      "bu":"A","bver":5,
      "n":"voltage","u":"V","v":120.1},
     {"n":"current","t":-5,"v":1.2},
     {"n":"current","t":-4,"v":1.3},
     {"n":"current","t":-3,"v":1.4},
     {"n":"current","t":-2,"v":1.5},
     {"n":"current","t":-1,"v":1.6},
     {"n":"current","v":1.7}
   ]`,
	"5.1.2 third, ended": `[
     {"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,
      "bu":"%RH","v":21.2},
     {"t":10,"v":21.3},
     {"t":20,"v":21.4},
     {"t":30,"v":21.4},
     {"t":40,"v":21.5},
     {"t":50,"v":21.5},
     {"t":60,"v":21.5},
     {"t":70,"v":21.6},
     {"t":80,"v":21.7}
   ]`,
	"5.1.3": `[
     {"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,
      "bu":"%RH","v":20},
     {"u":"lon","v":24.30621},
     {"u":"lat","v":60.07965},
     {"t":60,"v":20.3},
     {"u":"lon","t":60,"v":24.30622},
     {"u":"lat","t":60,"v":60.07965},
     {"t":120,"v":20.7},
     {"u":"lon","t":120,"v":24.30623},
     {"u":"lat","t":120,"v":60.07966},
     {"u":"%EL","t":150,"v":98},
     {"t":180,"v":21.2},
     {"u":"lon","t":180,"v":24.30628},
     {"u":"lat","t":180,"v":60.07967}
   ]`,
	"5.1.4": `[
     {"n":"urn:dev:ow:10e2073a01080063","u":"%RH","t":1.320067464e+09,"v":20},
     {"n":"urn:dev:ow:10e2073a01080063","u":"lon","t":1.320067464e+09,"v":24.30621},
     {"n":"urn:dev:ow:10e2073a01080063","u":"lat","t":1.320067464e+09,"v":60.07965},
     {"n":"urn:dev:ow:10e2073a01080063","u":"%RH","t":1.320067524e+09,"v":20.3},
     {"n":"urn:dev:ow:10e2073a01080063","u":"lon","t":1.320067524e+09,"v":24.30622},
     {"n":"urn:dev:ow:10e2073a01080063","u":"lat","t":1.320067524e+09,"v":60.07965},
     {"n":"urn:dev:ow:10e2073a01080063","u":"%RH","t":1.320067584e+09,"v":20.7},
     {"n":"urn:dev:ow:10e2073a01080063","u":"lon","t":1.320067584e+09,"v":24.30623},
     {"n":"urn:dev:ow:10e2073a01080063","u":"lat","t":1.320067584e+09,"v":60.07966},
     {"n":"urn:dev:ow:10e2073a01080063","u":"%EL","t":1.320067614e+09,"v":98},
     {"n":"urn:dev:ow:10e2073a01080063","u":"%RH","t":1.320067644e+09,"v":21.2},
     {"n":"urn:dev:ow:10e2073a01080063","u":"lon","t":1.320067644e+09,"v":24.30628},
     {"n":"urn:dev:ow:10e2073a01080063","u":"lat","t":1.320067644e+09,"v":60.07967}
   ]`,
	"5.1.5": `[
    {"bn":"urn:dev:ow:10e2073a01080063:","n":"temp","u":"Cel","v":23.1},
    {"n":"label","vs":"Machine Room"},
    {"n":"open","vb":false},
    {"n":"nfv-reader","vd":"aGkgCg"}
  ]`,
	"5.1.6": `[
     {"bn":"2001:db8::2/","bt":1.320078429e+09,
      "n":"temperature","u":"Cel","v":25.2},
     {"n":"humidity","u":"%RH","v":30},
     {"bn":"2001:db8::1/","n":"temperature","u":"Cel","v":12.3},
     {"n":"humidity","u":"%RH","v":67}
   ]`,
	"5.1.7 first": `[
     {"bn":"urn:dev:ow:10e2073a01080063:"},
     {"n":"temp","u":"Cel","v":23.1},
     {"n":"heat","u":"/","v":1},
     {"n":"fan","u":"/","v":0}
   ]`,
	"5.1.7 second": `[
     {"bt":1.320078429e+09,"bu":"/","n":"2001:db8::3","v":1},
     {"n":"2001:db8::4","v":1}
   ]`,
	"5.1.7 third": `[
     {"bt":1.320078429e+09,"bu":"/","n":"2001:db8::3","v":0.5},
     {"n":"2001:db8::4","v":0.5},
     {"n":"2001:db8::3","t":0.1,"v":0},
     {"n":"2001:db8::4","t":0.1,"v":0}
   ]`,
});

function resolved(example: string, now?: number) {
	return resolveSenml(parseSenmlJson(EXAMPLES[example]!), now);
}

describe("senml-json on the host", () => {
	for (const [name, text] of Object.entries(EXAMPLES))
		it(`RFC 8428 §${name}: parsed, written and parsed again the same; resolving what is resolved changes nothing`, () => {
			const pack = parseSenmlJson(text);
			assert.deepEqual(parseSenmlJson(senmlJson(pack)), pack);
			const once = resolveSenml(pack, 1.7e9);
			assert.ok(once.length > 0 && once.every(({ n, t }) => n.length > 9 && t >= 2 ** 28));
			assert.deepEqual(resolveSenml(parseSenmlJson(senmlJson(once)), 1), once);
		});
	it("RFC 8428 §5.1.4: what §5.1.3 is when resolved", () => {
		assert.deepEqual(resolved("5.1.3"), resolved("5.1.4"));
		assert.deepEqual(resolved("5.1.3"), parseSenmlJson(EXAMPLES["5.1.4"]!) as object[]);
	});
	it("RFC 8428 §5.1.1: now", () => {
		assert.deepEqual(resolved("5.1.1", 1.7e9), [{ n: ONE_WIRE, u: "Cel", v: 23.1, t: 1.7e9 }]);
	});
	it("RFC 8428 §5.1.5: each kind of value", () => {
		assert.deepEqual(resolved("5.1.5"), [
			{ n: `${ONE_WIRE}:temp`, u: "Cel", v: 23.1, t: 0 },
			{ n: `${ONE_WIRE}:label`, vs: "Machine Room", t: 0 },
			{ n: `${ONE_WIRE}:open`, vb: false, t: 0 },
			{ n: `${ONE_WIRE}:nfv-reader`, vd: Uint8Array.of(0x68, 0x69, 0x20, 0x0a), t: 0 },
		]);
	});
	it("RFC 8428 §5.1.6: base name of the third record, base time of the first", () => {
		assert.deepEqual(resolved("5.1.6")[3], { n: "2001:db8::1/humidity", u: "%RH", v: 67, t: 1_320_078_429 });
	});
	it("RFC 8428 §5.1.7: a base name alone is no record; the last two are a tenth of a second later", () => {
		assert.deepEqual(
			resolved("5.1.7 first").map(({ n }) => n),
			["temp", "heat", "fan"].map((name) => `${ONE_WIRE}:${name}`),
		);
		assert.deepEqual(
			resolved("5.1.7 third").map(({ n, t, v }) => [n, Math.round(10 * (t - 1_320_078_429)), v]),
			[
				["2001:db8::3", 0, 0.5],
				["2001:db8::4", 0, 0.5],
				["2001:db8::3", 1, 0],
				["2001:db8::4", 1, 0],
			],
		);
	});
	it("labels that are not known: passed over", () => {
		assert.deepEqual(parseSenmlJson('[{"n":"a","v":1,"x":{"y":[]},"toString":2}]'), [{ n: "a", v: 1 }]);
	});
	it("what is written: one line, data as base64url", () => {
		const pack: SenmlRecord[] = [
			{ n: "a", vd: Uint8Array.of(0xfb, 0xff) },
			{ n: "b", v: 1e21 },
		];
		assert.equal(senmlJson(pack), '[{"n":"a","vd":"-_8"},{"n":"b","v":1e+21}]');
	});
	for (const [name, text, code] of [
		["no JSON", "[", "malformed"],
		["an object", "{}", "type"],
		["a record that is null", "[null]", "type"],
		["a record that is an array", "[[]]", "type"],
		["a label that must be understood", '[{"n":"a","v":1,"x_":1}]', "unsupported"],
		["a value that is text", '[{"v":"1"}]', "type"],
		["a boolean that is a number", '[{"vb":1}]', "type"],
		["a name that is null", '[{"n":null}]', "type"],
		["data with padding", '[{"vd":"aGk="}]', "malformed"],
		["data of the other alphabet", '[{"vd":"+/8"}]', "malformed"],
		["data of one letter", '[{"vd":"a"}]', "malformed"],
		["a value beyond a double", '[{"v":1e999}]', "type"],
		["version 1.5", '[{"bver":1.5}]', "malformed"],
	] as const)
		it(`${name}: refused as ${code}`, () => {
			assert.throws(() => parseSenmlJson(text), { code });
		});
});
