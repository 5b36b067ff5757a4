import { createContext, runInContext } from "node:vm";
import { transformSync } from "esbuild";

/** What ECMAScript 5.1 has, global by global: `own` are the object's own names, `proto` its prototype's (ES5.1 §15). */
const ES5: Readonly<Record<string, { readonly own: string; readonly proto: string }>> = Object.freeze({
	Object: {
		own: "getPrototypeOf getOwnPropertyDescriptor getOwnPropertyNames create defineProperty defineProperties seal freeze preventExtensions isSealed isFrozen isExtensible keys",
		proto: "toString toLocaleString valueOf hasOwnProperty isPrototypeOf propertyIsEnumerable",
	},
	Function: { own: "", proto: "toString apply call bind" },
	Array: {
		own: "isArray",
		proto:
			"toString toLocaleString concat join pop push reverse shift slice sort splice unshift indexOf lastIndexOf every some forEach map filter reduce reduceRight",
	},
	String: {
		own: "fromCharCode",
		proto:
			"toString valueOf charAt charCodeAt concat indexOf lastIndexOf localeCompare match replace search slice split substring toLowerCase toLocaleLowerCase toUpperCase toLocaleUpperCase trim",
	},
	Boolean: { own: "", proto: "toString valueOf" },
	Number: {
		own: "MAX_VALUE MIN_VALUE NaN NEGATIVE_INFINITY POSITIVE_INFINITY",
		proto: "toString toLocaleString valueOf toFixed toExponential toPrecision",
	},
	Math: {
		own: "E LN10 LN2 LOG2E LOG10E PI SQRT1_2 SQRT2 abs acos asin atan atan2 ceil cos exp floor log max min pow random round sin sqrt tan",
		proto: "",
	},
	Date: {
		own: "parse UTC now",
		proto:
			"toString toDateString toTimeString toLocaleString toLocaleDateString toLocaleTimeString valueOf getTime getFullYear getUTCFullYear getMonth getUTCMonth getDate getUTCDate getDay getUTCDay getHours getUTCHours getMinutes getUTCMinutes getSeconds getUTCSeconds getMilliseconds getUTCMilliseconds getTimezoneOffset setTime setMilliseconds setUTCMilliseconds setSeconds setUTCSeconds setMinutes setUTCMinutes setHours setUTCHours setDate setUTCDate setMonth setUTCMonth setFullYear setUTCFullYear toUTCString toISOString toJSON",
	},
	RegExp: { own: "", proto: "exec test toString source global ignoreCase multiline lastIndex flags" },
	JSON: { own: "parse stringify", proto: "" },
	...Object.fromEntries(
		["Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"].map((name) => [
			name,
			{ own: "", proto: "name message toString" },
		]),
	),
});
const VALUES =
	"NaN Infinity undefined parseInt parseFloat isNaN isFinite decodeURI decodeURIComponent encodeURI encodeURIComponent";

/**
 * Runs a script with what ECMAScript 5.1 has and nothing else: whatever came later is deleted, method by method.
 * @returns calls a function of the script; arguments and result pass as JSON, a `Date` as an expression
 */
export function runEs5(code: string): (expression: string) => unknown {
	const context = createContext({}, { codeGeneration: { strings: false, wasm: false } });
	runInContext(
		`(function (es5, values, all, ownKeys) {
			var split = function (text) { return text.split(" "); };
			var keepOnly = function (object, names) {
				ownKeys(object).forEach(function (key) {
					var property = Object.getOwnPropertyDescriptor(object, key);
					if (names.indexOf(key) < 0 && property.configurable) delete object[key];
				});
			};
			var kept = Object.keys(es5);
			var globals = ownKeys(all);
			kept.forEach(function (name) {
				if (es5[name].proto) keepOnly(all[name].prototype, split(es5[name].proto).concat("constructor"));
				keepOnly(all[name], split(es5[name].own).concat("prototype", "length", "name"));
			});
			globals.forEach(function (key) {
				if (kept.indexOf(key) < 0 && split(values).indexOf(key) < 0) delete all[key];
			});
		})(${JSON.stringify(ES5)}, ${JSON.stringify(VALUES)}, globalThis, Reflect.ownKeys);`,
		context,
	);
	runInContext(code, context);
	return (expression) => {
		const text = runInContext(`JSON.stringify(${expression})`, context) as string | undefined;
		return text === undefined ? undefined : JSON.parse(text);
	};
}

/**
 * Whether a script is ECMAScript 5 in its syntax: a compiler that is told to write that finds nothing to change. For
 * scripts without regular expressions; strings in double quotes.
 * @returns what is wrong; undefined when nothing is
 */
export function es5Fault(code: string): string | undefined {
	// The printer drops them; they came with ECMAScript 2017.
	if (/,\s*\)/.test(bare(code))) return "a comma before a closing parenthesis";
	try {
		// It prints { a: a } as { a } where it may, so both are told not to; what came in as { a } now has a colon more.
		const supported = { "object-extensions": false };
		const es5 = transformSync(code, { target: "es5", charset: "utf8" }).code;
		const later = transformSync(code, { target: "esnext", charset: "utf8", supported }).code;
		if (es5 !== later) return "syntax that came after ECMAScript 5";
		return colons(es5) === colons(code) ? undefined : "an object literal of ECMAScript 2015";
	} catch (error) {
		return (error as Error).message;
	}
}

function colons(code: string): number {
	return bare(code).split(":").length;
}

/** Without comments and strings. */
function bare(code: string): string {
	return code.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"/g, (part) => (part.startsWith('"') ? '""' : ""));
}
