import {
	type AnyNode,
	type Expression,
	type FunctionDeclaration,
	type ObjectExpression,
	parse,
	type VariableDeclarator,
} from "acorn";
import { analyze, type Scope, type Variable } from "eslint-scope";
import type { Program } from "estree";

/** A text that takes the place of `code.slice(from, to)`. */
interface Edit {
	readonly from: number;
	readonly to: number;
	readonly text: string;
}

/**
 * Takes out of a bundle what flash need not hold. Bytecode has constants as operands, but each function that names one of
 * another scope keeps a slot for it, and a table of constants is an object with a key for each; so numbers take the place
 * of their names, and tables of numbers that are only read by key go. What remains of the outermost scope's variables
 * becomes `const`, which the SDK's linker wants of what it freezes, and its functions arrow functions. Lines stay where they are, so that source maps hold.
 * @param code an ES module, or a script whose one function holds everything, as esbuild writes them; type-stripped
 */
export function slim(code: string): string {
	for (;;) {
		const { scope, parents } = outermost(code);
		const edits = scope.variables.flatMap((variable) => inlined(code, variable, parents));
		if (edits.length === 0) return edited(code, [...constant(scope), ...arrows(code, scope, parents)]);
		code = edited(code, edits); // what was taken from other constants is one itself in the next round
	}
}

type Parents = ReadonlyMap<unknown, AnyNode>;

function outermost(code: string): { scope: Scope; parents: Parents } {
	const program = parse(code, { ecmaVersion: 2022, sourceType: "module", ranges: true });
	const parents = new Map<unknown, AnyNode>();
	const visit = (node: AnyNode) => {
		for (const part of Object.values(node).flat() as unknown[]) {
			if (typeof (part as AnyNode | undefined)?.type !== "string") continue;
			parents.set(part, node);
			visit(part as AnyNode);
		}
	};
	visit(program);
	const { scopes } = analyze(program as unknown as Program, { ecmaVersion: 2022, sourceType: "module" });
	const module = scopes.find(({ type }) => type === "module")!;
	const isOneFunction =
		module.variables.length === 1 &&
		module.childScopes.length === 1 &&
		module.variables[0]!.defs[0]?.type === "Variable";
	return { scope: isOneFunction ? module.childScopes[0]! : module, parents };
}

/** What puts a constant's value in the place of its name; nothing where it is no constant, or more than its value is used. */
function inlined(code: string, variable: Variable, parents: Parents): Edit[] {
	const declarator = declaratorOf(variable);
	const declaration = parents.get(declarator);
	if (!declarator?.init || declaration?.type !== "VariableDeclaration" || declaration.declarations.length !== 1)
		return [];
	const uses = variable.references
		.filter((reference) => !reference.init)
		.map(({ identifier }) => identifier as AnyNode);
	if (uses.some((use) => parents.get(use)?.type === "ExportSpecifier")) return [];
	const edits = numberUses(declarator.init, uses, parents) ?? tableUses(declarator.init, uses, parents);
	if (!edits) return [];
	const lines = code.slice(declaration.start, declaration.end).replace(/[^\n]/g, "");
	return [...edits, { from: declaration.start, to: declaration.end, text: lines }];
}

/** The one place where a variable gets a value; undefined where there are others. */
function declaratorOf(variable: Variable): VariableDeclarator | undefined {
	const [definition] = variable.defs;
	if (variable.defs.length !== 1 || definition!.type !== "Variable") return undefined;
	if (variable.references.some((reference) => reference.isWrite() && !reference.init)) return undefined;
	const declarator = definition!.node as unknown as VariableDeclarator;
	return declarator.id.type === "Identifier" ? declarator : undefined;
}

function numberUses(init: Expression, uses: readonly AnyNode[], parents: Parents): Edit[] | undefined {
	const value = numberOf(init);
	if (value === undefined) return undefined;
	return uses.map((use) => {
		const parent = parents.get(use)!;
		const isShorthand = parent.type === "Property" && parent.shorthand;
		const name = use.type === "Identifier" ? use.name : "";
		const isObject = parent.type === "MemberExpression" && parent.object === use;
		const text = isShorthand ? `${name}: ${value}` : isObject || value < 0 ? `(${value})` : `${value}`;
		return { from: use.start, to: use.end, text };
	});
}

function tableUses(init: Expression, uses: readonly AnyNode[], parents: Parents): Edit[] | undefined {
	const table = frozenTable(init);
	if (!table) return undefined;
	const edits: Edit[] = [];
	for (const use of uses) {
		const parent = parents.get(use)!;
		if (parent.type !== "MemberExpression" || parent.object !== use || parent.computed) return undefined;
		const value = parent.property.type === "Identifier" ? table.get(parent.property.name) : undefined;
		if (value === undefined) return undefined;
		edits.push({ from: parent.start, to: parent.end, text: value < 0 ? `(${value})` : `${value}` });
	}
	return edits;
}

/** The numbers in `Object.freeze({ name: 1, … })` or `frozen({ … })`. */
function frozenTable(init: Expression): ReadonlyMap<string, number> | undefined {
	if (init.type !== "CallExpression" || init.arguments.length !== 1) return undefined;
	const { callee } = init;
	const isFreeze =
		callee.type === "MemberExpression" &&
		callee.object.type === "Identifier" &&
		callee.object.name === "Object" &&
		callee.property.type === "Identifier" &&
		callee.property.name === "freeze";
	if (!isFreeze && !(callee.type === "Identifier" && callee.name === "frozen")) return undefined;
	const object = init.arguments[0] as ObjectExpression | AnyNode;
	if (object.type !== "ObjectExpression") return undefined;
	const table = new Map<string, number>();
	for (const property of object.properties) {
		if (property.type !== "Property" || property.computed || property.key.type !== "Identifier") return undefined;
		const value = property.kind === "init" && !property.method ? numberOf(property.value) : undefined;
		if (value === undefined) return undefined;
		table.set(property.key.name, value);
	}
	return table;
}

/** The number that an expression of numbers alone comes to. */
function numberOf(node: Expression): number | undefined {
	switch (node.type) {
		case "Literal":
			return typeof node.value === "number" ? node.value : undefined;
		case "ParenthesizedExpression":
			return numberOf(node.expression);
		case "UnaryExpression": {
			const value = numberOf(node.argument);
			if (value === undefined) return undefined;
			return node.operator === "-" ? finite(-value) : node.operator === "~" ? ~value : undefined;
		}
		case "BinaryExpression": {
			if (node.left.type === "PrivateIdentifier") return undefined;
			const left = numberOf(node.left);
			const right = numberOf(node.right);
			const operate = OPERATORS[node.operator];
			return left === undefined || right === undefined || !operate ? undefined : finite(operate(left, right));
		}
		default:
			return undefined;
	}
}

const OPERATORS: Readonly<Record<string, ((left: number, right: number) => number) | undefined>> = Object.freeze({
	"+": (left, right) => left + right,
	"-": (left, right) => left - right,
	"*": (left, right) => left * right,
	"/": (left, right) => left / right,
	"%": (left, right) => left % right,
	"**": (left, right) => left ** right,
	"<<": (left, right) => left << right,
	">>": (left, right) => left >> right,
	">>>": (left, right) => left >>> right,
	"&": (left, right) => left & right,
	"|": (left, right) => left | right,
	"^": (left, right) => left ^ right,
});

/** What has a literal of its own; minus zero has none on the device. */
function finite(value: number): number | undefined {
	return Number.isFinite(value) ? value + 0 : undefined;
}

/** `const` for each variable of the outermost scope that gets its value where it is declared. */
function constant(scope: Scope): Edit[] {
	const edits = new Map<number, Edit>();
	for (const variable of scope.variables) {
		const declaration = variable.defs[0]?.parent;
		if (declaration?.type !== "VariableDeclaration" || declaration.kind !== "var") continue;
		const { start } = declaration as unknown as AnyNode;
		const isConstant = declaration.declarations.length === 1 && declaratorOf(variable)?.init;
		if (isConstant) edits.set(start, { from: start, to: start + 3, text: "const" });
	}
	return [...edits.values()];
}

/**
 * Arrow functions in the place of the outermost scope's functions: those have no object for a prototype, which takes three
 * slots. An arrow function is not there before its place is reached, so what is evaluated before that must not lead to it.
 */
function arrows(code: string, scope: Scope, parents: Parents): Edit[] {
	const functions = new Map<string, FunctionDeclaration>();
	for (const { name, defs } of scope.variables) {
		const node = defs[0]?.node as AnyNode | undefined;
		if (defs.length === 1 && defs[0]!.type === "FunctionName" && node?.type === "FunctionDeclaration")
			functions.set(name, node as FunctionDeclaration);
	}
	const early = evaluatedEarly(scope, parents);
	return [...functions].flatMap(([name, node]) => {
		const variable = scope.set.get(name) as Variable;
		const isPlain =
			!node.async && !node.generator && !usesThis(node.body) && node.params.every((each) => !usesThis(each));
		const isCalled = variable.references.every(({ identifier, writeExpr }) => {
			const parent = parents.get(identifier);
			return !writeExpr && parent?.type !== "NewExpression" && parent?.type !== "MemberExpression";
		});
		if (!isPlain || !isCalled || early.has(variable)) return [];
		const open = code.indexOf("(", node.id.end);
		return [
			{ from: node.start, to: open, text: `const ${name} = ` },
			{ from: node.body.start, to: node.body.start, text: "=> " },
			{ from: node.end, to: node.end, text: ";" },
		];
	});
}

/** Variables of the outermost scope that what is evaluated before their place leads to. */
function evaluatedEarly(scope: Scope, parents: Parents): ReadonlySet<Variable> {
	const places = scope.variables
		.filter(({ defs }) => defs.length > 0)
		.map((variable) => ({ variable, ...(variable.defs[0]!.node as unknown as AnyNode) }))
		.sort((one, other) => one.start - other.start);
	const around = (at: number) => places.find(({ start, end }) => start <= at && at < end)?.variable;
	const named = new Map<Variable, Set<Variable>>();
	const queue: [Variable, number][] = [];
	for (const variable of scope.variables)
		for (const { identifier, from } of variable.references) {
			const { start } = identifier as unknown as AnyNode;
			const owner = around(start);
			if (owner) named.set(owner, (named.get(owner) ?? new Set()).add(variable));
			if (!isDeferred(from, scope, parents)) queue.push([variable, start]);
		}
	const reached = new Map<Variable, number>();
	for (let next = queue.pop(); next; next = queue.pop()) {
		const [variable, at] = next;
		if ((reached.get(variable) ?? Number.POSITIVE_INFINITY) <= at) continue;
		reached.set(variable, at);
		for (const other of named.get(variable) ?? []) queue.push([other, at]);
	}
	const starts = new Map(places.map(({ variable, start }) => [variable, start]));
	return new Set([...reached].filter(([variable, at]) => at < starts.get(variable)!).map(([variable]) => variable));
}

/** Whether what stands in this scope runs only when a function, a method or a getter of the bundle's exports is called. */
function isDeferred(from: Scope, outermost: Scope, parents: Parents): boolean {
	let top: Scope | undefined;
	for (let scope: Scope | null = from; scope && scope !== outermost; scope = scope.upper)
		if (scope.type === "function") top = scope;
	if (!top) return false;
	const block = top.block as unknown as AnyNode;
	if (block.type === "FunctionDeclaration") return true;
	const parent = parents.get(block);
	if (parent?.type === "MethodDefinition") return true;
	if (parent?.type === "VariableDeclarator") return outermost.variables.some(({ defs }) => defs[0]?.node === parent);
	return block.type === "ArrowFunctionExpression" && block.body.type === "Identifier";
}

/** Whether a function's own `this`, `arguments` or `new.target` is in this part of it. */
function usesThis(node: AnyNode): boolean {
	if (node.type === "ThisExpression" || node.type === "MetaProperty" || node.type === "Super") return true;
	if (node.type === "Identifier" && node.name === "arguments") return true;
	if (node.type === "FunctionExpression" || node.type === "FunctionDeclaration" || node.type === "ClassBody")
		return false;
	return (Object.values(node).flat() as unknown[]).some(
		(part) => typeof (part as AnyNode | undefined)?.type === "string" && usesThis(part as AnyNode),
	);
}

function edited(code: string, edits: readonly Edit[]): string {
	const parts: string[] = [];
	let at = 0;
	for (const { from, to, text } of [...edits].sort((one, other) => one.from - other.from)) {
		if (from < at) throw new Error(`edits overlap at ${code.slice(from, to)}`);
		parts.push(code.slice(at, from), text);
		at = to;
	}
	return parts.join("") + code.slice(at);
}
