import { parseBrokerUrl } from "../../../sim/net/broker-url.js";
import * as assert from "../../assert.js";

describe("broker url", () => {
	for (const [text, host, port, username, password, tls = false] of [
		["mqtt://localhost", "localhost", 1883, undefined, undefined],
		["mqtt://localhost/", "localhost", 1883, undefined, undefined],
		["mqtt://a.example:1884", "a.example", 1884, undefined, undefined],
		["mqtt://u:p%2F%3A@[::1]:9", "::1", 9, "u", "p/:"],
		["mqtt://u@h", "h", 1883, "u", undefined],
		["mqtts://u:p@h", "h", 8883, "u", "p", true],
		["mqtts://h:1883", "h", 1883, undefined, undefined, true],
	] as const)
		it(`broker url: ${text}, read`, () => {
			assert.deepEqual(parseBrokerUrl(text), { host, port, username, password, tls });
		});
	for (const [text, code, says] of [
		["localhost", "malformed", "mqtt://localhost:1883"],
		["localhost:1883", "unsupported", "mqtt://localhost:1883"],
		["mqtts://u:secret@h/topic", "malformed", "nothing may follow"],
		["http://u:secret@h", "unsupported", '"http"'],
		["mqtt://", "malformed", "host"],
		["mqtt://u:secret@h/topic", "malformed", "nothing may follow"],
		["mqtt://u:secret@h?x=1", "malformed", "nothing may follow"],
		["mqtt://h:0", "malformed", "port 0"],
		["mqtt://u:secret@h:65536", "malformed", "not a URL"],
		["mqtt://u:secret%ff@h", "malformed", "UTF-8"],
	] as const)
		it(`broker url: ${text.replace("secret", "…")}, ${code} without the password in the message`, () => {
			assert.throws(() => parseBrokerUrl(text), { code, message: says });
			try {
				parseBrokerUrl(text);
			} catch (error) {
				assert.ok(!String(error).includes("secret"));
			}
		});
});
