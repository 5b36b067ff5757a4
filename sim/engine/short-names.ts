import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type AnyNode, parse } from "acorn";
import { analyze } from "eslint-scope";
import type { Program } from "estree";

/**
 * Gives variables and members of objects other names: those that the engine has anyway ({@link ENGINE_NAMES}), as a name of
 * one's own costs flash once for the whole firmware: a slot, places in two tables and its text. Members that only their own
 * class uses share names with those of other classes. What the platform, the language or a text might name stays as it is:
 * firmware tells keys of objects by texts only (`Object.keys` against a list of them), or where a node's file gave them.
 *
 * A member is a class's own when each use of its name in the whole bundle stands in a class that has such a member, and is
 * of `this`; or when one class alone has it, and all uses are in that class. Other members get a name each.
 * Lines stay where they are.
 * @param code an ES module or a script without types, whose inner scopes share names already, as esbuild's minifier has it
 * @param kept names of members and variables to leave alone
 */
export function shortNames(code: string, kept: ReadonlySet<string>): string {
	const { uses, texts, variables, free } = survey(code);
	const families = familiesOf(uses);
	const own = new Map<number, string[]>();
	const shared: string[] = [];
	const stay = new Set<string>();
	for (const [name, all] of uses) {
		const definers = new Set(all.filter(({ isDefinition }) => isDefinition).map((use) => families(use.within)));
		const isDefined = definers.size > 0 || all.some(({ isKey }) => isKey);
		if (!isDefined || kept.has(name) || texts.has(name) || UNIVERSAL.has(name)) stay.add(name);
		else if (definers.size > 0 && isOwn(all, definers, families))
			for (const definer of definers) own.set(definer, [...(own.get(definer) ?? []), name]);
		else if (BUILT_IN.has(name)) stay.add(name);
		else shared.push(name);
	}
	const members = new Map<string, string | ReadonlyMap<number, string>>();
	const pool = names((name) => stay.has(name) || kept.has(name));
	const most = Math.max(0, ...[...own.values()].map(({ length }) => length));
	const owned = Array.from({ length: most }, () => pool.next().value);
	for (const [definer, list] of own)
		for (const [n, name] of list.entries()) {
			const known = members.get(name) as ReadonlyMap<number, string> | undefined;
			members.set(name, new Map([...(known ?? []), [definer, owned[n]!]]));
		}
	for (const name of shared) members.set(name, pool.next().value);
	const renamed = new Map<string, string>();
	const others = names((name) => free.has(name) || kept.has(name));
	for (const name of variables.keys()) renamed.set(name, kept.has(name) ? name : others.next().value);
	return replaced(code, { uses, variables }, members, renamed, families);
}

/** One place where a property's name stands. */
interface Use {
	readonly from: number;
	readonly to: number;
	/** `{ name }`, where the name is a variable's as well. */
	readonly isShorthand: boolean;
	readonly isDefinition: boolean;
	/** Whether it is a property of the `this` of the class around it. */
	readonly isOfThis: boolean;
	/** Whether it is a key of an object literal. */
	readonly isKey: boolean;
	/** The class around it, and its parent class; −1 without. */
	readonly within: number;
	readonly parent: number;
}

interface Survey {
	readonly uses: ReadonlyMap<string, readonly Use[]>;
	/** Whole texts in the code, which may name a property. */
	readonly texts: ReadonlySet<string>;
	/** Where the names of the code's own variables stand. */
	readonly variables: ReadonlyMap<string, readonly number[]>;
	/** Names of the language's variables. */
	readonly free: ReadonlySet<string>;
}

interface Place {
	readonly within: number;
	readonly parent: number;
	/** Whether `this` is an instance of that class. */
	readonly isThis: boolean;
}

const OUTSIDE: Place = { within: -1, parent: -1, isThis: false };

function survey(code: string): Survey {
	const uses = new Map<string, Use[]>();
	const texts = new Set<string>();
	const variables = new Map<string, number[]>();
	const classes = new Map<string, number>();
	let count = 0;
	const use = (key: AnyNode, place: Place, what: Partial<Use>) => {
		if (key.type !== "Identifier") return;
		const { start: from, end: to, name } = key;
		const { within, parent } = place;
		const plain = { isShorthand: false, isDefinition: false, isOfThis: false, isKey: false };
		uses.set(name, [...(uses.get(name) ?? []), { from, to, ...plain, within, parent, ...what }]);
	};
	const isThis = (node: AnyNode | null | undefined) => node?.type === "ThisExpression";
	const visitClass = (node: AnyNode & { type: "ClassExpression" | "ClassDeclaration" }, name: string, place: Place) => {
		const within = count++;
		classes.set(name, within);
		if (node.superClass) visit(node.superClass, place);
		const parent = node.superClass?.type === "Identifier" ? (classes.get(node.superClass.name) ?? -1) : -1;
		for (const member of node.body.body) {
			const inside = {
				within,
				parent,
				isThis: !("static" in member && member.static) && member.type !== "StaticBlock",
			};
			if (member.type === "StaticBlock") {
				for (const statement of member.body) visit(statement, inside);
				continue;
			}
			if (member.computed) visit(member.key, inside);
			else use(member.key, inside, { isDefinition: true, isOfThis: inside.isThis });
			if (member.value?.type === "FunctionExpression") visitFunction(member.value, inside);
			else if (member.value) visit(member.value, inside);
		}
	};
	const visitFunction = (node: AnyNode & { type: "FunctionExpression" | "FunctionDeclaration" }, place: Place) => {
		for (const part of [...node.params, node.body]) visit(part, place);
	};
	const visit = (node: AnyNode, place: Place): void => {
		switch (node.type) {
			case "Identifier":
				variables.set(node.name, [...(variables.get(node.name) ?? []), node.start]);
				return;
			case "ImportSpecifier":
				visit(node.local, place);
				return;
			case "ExportSpecifier":
				visit(node.local, place);
				return;
			case "Literal":
				if (typeof node.value === "string") texts.add(node.value);
				return;
			case "VariableDeclarator":
				if (node.init?.type === "ClassExpression" && node.id.type === "Identifier") {
					visit(node.id, place);
					if (node.init.id) visit(node.init.id, place);
					visitClass(node.init, node.id.name, place);
					return;
				}
				if (node.id.type === "ObjectPattern") visitPattern(node.id, place, isThis(node.init));
				else visit(node.id, place);
				if (node.init) visit(node.init, place);
				return;
			case "ClassDeclaration":
			case "ClassExpression":
				if (node.id) visit(node.id, place);
				visitClass(node, node.id?.name ?? "", place);
				return;
			case "FunctionDeclaration":
			case "FunctionExpression":
				if (node.id) visit(node.id, place);
				visitFunction(node, { ...place, isThis: false });
				return;
			case "MemberExpression":
				visit(node.object, place);
				if (node.computed) visit(node.property, place);
				else use(node.property, place, { isOfThis: isThis(node.object) && place.isThis });
				return;
			case "AssignmentExpression":
				if (
					node.left.type === "MemberExpression" &&
					!node.left.computed &&
					isThis(node.left.object) &&
					place.isThis &&
					node.operator === "="
				)
					use(node.left.property, place, { isDefinition: true, isOfThis: true });
				else if (node.left.type === "ObjectPattern") visitPattern(node.left, place, isThis(node.right));
				else visit(node.left, place);
				visit(node.right, place);
				return;
			case "ObjectExpression":
				for (const property of node.properties) {
					if (property.type === "SpreadElement") visit(property, place);
					else {
						if (property.computed) visit(property.key, place);
						else if (property.key.type === "Literal") texts.add(String(property.key.value));
						else use(property.key, place, { isKey: true, isShorthand: property.shorthand });
						if (property.shorthand) continue; // stands at the same place
						const isFunction =
							property.value.type === "FunctionExpression" && (property.method || property.kind !== "init");
						visit(property.value, isFunction ? { ...place, isThis: false } : place);
					}
				}
				return;
			case "ObjectPattern":
				visitPattern(node, place, false);
				return;
			default:
				for (const part of Object.values(node).flat() as unknown[])
					if (typeof (part as AnyNode | undefined)?.type === "string") visit(part as AnyNode, place);
		}
	};
	const visitPattern = (node: AnyNode & { type: "ObjectPattern" }, place: Place, ofThis: boolean) => {
		for (const property of node.properties) {
			if (property.type === "RestElement") {
				visit(property.argument, place);
				continue;
			}
			if (property.computed) visit(property.key, place);
			else use(property.key, place, { isOfThis: ofThis && place.isThis, isShorthand: property.shorthand });
			if (!property.shorthand) visit(property.value, place);
			else if (property.value.type === "AssignmentPattern") visit(property.value.right, place);
		}
	};
	const program = parse(code, { ecmaVersion: 2022, sourceType: "module", ranges: true });
	visit(program, OUTSIDE);
	const { scopes } = analyze(program as unknown as Program, { ecmaVersion: 2022, sourceType: "module" });
	const declared = new Set(
		scopes.flatMap((scope) => scope.variables.filter(({ defs }) => defs.length > 0)).map(({ name }) => name),
	);
	const free = new Set([...variables.keys()].filter((name) => !declared.has(name)));
	for (const name of declared) if (!variables.has(name)) variables.set(name, []);
	for (const name of free) variables.delete(name);
	return { uses, texts, variables, free };
}

/** A class and those that extend it are one: they have their members in the same objects. */
function familiesOf(uses: Survey["uses"]): (within: number) => number {
	const parents = new Map<number, number>();
	for (const all of uses.values()) for (const { within, parent } of all) if (parent >= 0) parents.set(within, parent);
	const family = (within: number): number => {
		const parent = parents.get(within);
		return parent === undefined ? within : family(parent);
	};
	return family;
}

function isOwn(all: readonly Use[], definers: ReadonlySet<number>, families: ReturnType<typeof familiesOf>): boolean {
	return all.every(({ within, isOfThis, isKey }) => {
		if (within < 0 || isKey || !definers.has(families(within))) return false;
		return isOfThis || definers.size === 1;
	});
}

/** New names: the engine's, then others. */
function* names(isTaken: (name: string) => boolean): Generator<string, never> {
	for (const name of ENGINE_NAMES) if (!isTaken(name)) yield name;
	for (let n = 0; ; n++) if (!isTaken(`_${n}`)) yield `_${n}`;
}

function replaced(
	code: string,
	{ uses, variables }: Pick<Survey, "uses" | "variables">,
	members: ReadonlyMap<string, string | ReadonlyMap<number, string>>,
	renamed: ReadonlyMap<string, string>,
	families: ReturnType<typeof familiesOf>,
): string {
	const edits: { readonly from: number; readonly to: number; readonly text: string }[] = [];
	for (const [name, all] of uses) {
		const short = members.get(name) ?? name;
		for (const { from, to, within, isShorthand } of all) {
			const text = typeof short === "string" ? short : short.get(families(within))!;
			edits.push({ from, to, text: isShorthand ? `${text}: ${renamed.get(name) ?? name}` : text });
		}
	}
	for (const [name, places] of variables)
		for (const from of places) edits.push({ from, to: from + name.length, text: renamed.get(name)! });
	edits.sort((one, other) => one.from - other.from);
	let at = 0;
	let result = "";
	for (const { from, to, text } of edits) {
		if (from < at) throw new Error(`edits overlap at ${code.slice(from, to)}`);
		result += code.slice(at, from) + text;
		at = to;
	}
	return result + code.slice(at);
}

/**
 * Names that XS has in each machine, 13.3 and 17.7 alike, and that are neither reserved words nor variables of the language.
 * Source: `gxIDStrings` in XS's xsCommon.c.
 */
const ENGINE_NAMES: readonly string[] = `
abs acos acosh add aliases all allSettled and any append asIntN asUintN asin asinh assign asyncIterator at atan atan2
atanh bindings bitLength boundArguments boundFunction boundThis busy cache cbrt ceil center charAt charCodeAt chunk
chunkify cleanupSome clear closure clz32 codePointAt compare compareExchange compile concat construct copyWithin cos
cosh count create defineProperties defineProperty deleteProperty deref description dotAll eachDown eachUp endsWith
entries enumerate errors evaluate every exchange exec exp expm1 exports fill filter find findIndex findLast
findLastIndex flags flat flatMap floor forEach free freeze fromArrayBuffer fromBigInt fromCharCode fromCodePoint
fromEntries fromString fround getBigInt64 getBigUint64 getDate getDay getFloat32 getFloat64 getFullYear getHours
getInt16 getInt32 getInt8 getMilliseconds getMinutes getMonth getOwnPropertyDescriptor getOwnPropertyDescriptors
getOwnPropertyNames getOwnPropertySymbols getPrototypeOf getSeconds getTime getTimezoneOffset getUTCDate getUTCDay
getUTCFullYear getUTCHours getUTCMilliseconds getUTCMinutes getUTCMonth getUTCSeconds getUint16 getUint32 getUint8
getYear groups grow growable has hasIndices hasInstance hasOwn hypot id idiv idivmod ignoreCase imod importNow imports
imul imuldiv includes indexOf indices input irem is isArray isConcatSpreadable isExtensible isFrozen isInteger
isLockFree isSafeInteger isSealed isView iterable iterator join keyFor keys lastIndex lastIndexOf left line load local
localeCompare log log10 log1p log2 map match matchAll max maxByteLength min mod module multiline needsImport
needsImportMeta normalize notify now or ownKeys padEnd padStart parse path peek poke pop pow preventExtensions proxy
push race random reason reduce reduceRight reexports register reject repeat replace replaceAll resizable resize
resolve result reverse revocable revoke right round seal search setBigInt64 setBigUint64 setDate setFloat32 setFloat64
setFullYear setHours setInt16 setInt32 setInt8 setMilliseconds setMinutes setMonth setPrototypeOf setSeconds setTime
setUTCDate setUTCFullYear setUTCHours setUTCMilliseconds setUTCMinutes setUTCMonth setUTCSeconds setUint16 setUint32
setUint8 setYear shift sign sin sinh size slice some sort source species splice split sqrt startsWith status sticky
store stringify sub subarray substr substring tan tanh test toDateString toExponential toFixed toGMTString toISOString
toLocaleDateString toLocaleLowerCase toLocaleTimeString toLocaleUpperCase toLowerCase toPrecision toPrimitive
toStringTag toTimeString toUTCString toUpperCase transfer transfers trim trimEnd trimLeft trimRight trimStart trunc
unicode unregister unscopables unshift uri values wait wake weak xor
`
	.trim()
	.split(/\s+/);

/** Names that the language looks up by itself, in any object. */
const UNIVERSAL: ReadonlySet<string> = new Set([
	...Object.getOwnPropertyNames(Object.prototype),
	...["then", "toJSON", "next", "done", "value", "return", "name", "message", "stack", "cause", "length", "prototype"],
	...[
		"call",
		"apply",
		"bind",
		"arguments",
		"caller",
		"get",
		"set",
		"enumerable",
		"configurable",
		"writable",
		"index",
		"raw",
		"byteLength",
		"byteOffset",
		"buffer",
	],
]);

/** Names of the language's own properties. */
const BUILT_IN: ReadonlySet<string> = builtIn();

function builtIn(): ReadonlySet<string> {
	const found = new Set<string>(["default"]);
	const seen = new Set<unknown>();
	const visit = (value: unknown): void => {
		if (value === null || (typeof value !== "object" && typeof value !== "function") || seen.has(value)) return;
		seen.add(value);
		for (const key of Object.getOwnPropertyNames(value)) {
			found.add(key);
			const { value: inner, get } = Object.getOwnPropertyDescriptor(value, key)!;
			visit(inner);
			visit(get);
		}
		visit(Object.getPrototypeOf(value));
	};
	const roots = [Object, Function, Array, String, Number, Boolean, Symbol, Error, AggregateError, Map, Set, WeakMap];
	visit([...roots, WeakSet, WeakRef, Promise, Proxy, Reflect, Math, JSON, Date, RegExp, BigInt, ArrayBuffer, DataView]);
	visit([SharedArrayBuffer, Atomics, Uint8Array, Float64Array, [].values(), "".matchAll(/a/g), /a/.exec("a")]);
	return found;
}

/** Names that the platform's declarations, and what is ours in C and TypeScript beside them, give to properties. */
export function platformNames(project: string): ReadonlySet<string> {
	const folder = join(project, "modules/device");
	const found = new Set<string>();
	for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
		if (!/^(types|native)\/.*\.(ts|c|h)$/.test(path.replaceAll("\\", "/"))) continue;
		const text = readFileSync(join(folder, path), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
		const pattern = path.endsWith("ts")
			? /(?<=\.)[A-Za-z_]\w*|(?<=(?:^|[{;,])\s*(?:(?:readonly|static|get|set)\s+)*)[A-Za-z_]\w*(?=\s*(?:<[^>]*>)?\??\s*[:(])/gm
			: /(?<=xsID_)\w+|(?<=")[A-Za-z_]\w*(?=")/g;
		for (const [name] of text.matchAll(pattern)) found.add(name);
	}
	return found;
}
