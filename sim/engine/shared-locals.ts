import { type AnyNode, parse, type VariableDeclaration } from "acorn";
import { analyze, type Scope, type Variable } from "eslint-scope";
import type { Program } from "estree";

/** A text that takes the place of `code.slice(from, to)`. */
interface Edit {
	readonly from: number;
	readonly to: number;
	readonly text: string;
}

/**
 * Lets variables of a function share a place where the one is done with before the other begins: declaring takes XS six
 * bytes and leaving a block two more, assigning two. `const b = f(a);`, where `a` is not used again, becomes `a = f(a);`.
 *
 * A variable takes the place of another when no function in it sees either; when the other is a parameter or was declared
 * before in the same block or in one around it; when all that is said of the other stands before; and when no loop comes
 * round to it. Lines stay where they are.
 * @param code an ES module or a script without types
 */
export function sharedLocals(code: string): string {
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
	const inside = new Map<Scope, Scope[]>();
	for (const scope of scopes) inside.set(scope.variableScope, [...(inside.get(scope.variableScope) ?? []), scope]);
	const edits: Edit[] = [];
	const opened = new Set<VariableDeclaration>();
	for (const scope of scopes) {
		if (scope.type !== "function" || isCalledAtOnce(scope, parents)) continue;
		const locals = localsOf(scope, inside.get(scope)!, parents);
		const hosts: Local[] = [];
		for (const local of locals) {
			const host = local.begin && hosts.find((each) => hasRoom(each, local));
			if (!host) {
				hosts.push(local);
				continue;
			}
			if (host.declaration?.kind === "const") opened.add(host.declaration);
			edits.push(...moved(code, local, host.variable.name, parents));
			host.places.push(...local.places);
		}
	}
	for (const { start } of opened) edits.push({ from: start, to: start + "const".length, text: "let" });
	return edited(code, edits);
}

/** What holds a whole bundle is such a function: its variables stay constants, as the linker wants them. */
function isCalledAtOnce(scope: Scope, parents: Parents): boolean {
	const parent = parents.get(scope.block);
	return parent?.type === "CallExpression" && parent.callee === (scope.block as unknown);
}

/** A variable that only its function itself sees. */
interface Local {
	readonly variable: Variable;
	/** Where its name stands, and that of those that share its place. */
	readonly places: [start: number, end: number][];
	/** Its `let` or `const`; undefined for a parameter. */
	readonly declaration: VariableDeclaration | undefined;
	/** What gives it its first value, where that alone is declared there. */
	readonly begin: Begin | undefined;
}

interface Begin {
	/** From `const` to the variable's name. */
	readonly from: number;
	readonly name: AnyNode;
	/** Up to here, other variables may be read. */
	readonly until: number;
	/** Loops that come round to it, the innermost first, and from where in each. */
	readonly loops: readonly { readonly start: number; readonly end: number; readonly from: number }[];
}

type Parents = ReadonlyMap<unknown, AnyNode>;

function localsOf(owner: Scope, scopes: readonly Scope[], parents: Parents): Local[] {
	const locals: Local[] = [];
	for (const scope of scopes) {
		if (scope.type === "switch" || scope.type === "catch") continue;
		for (const variable of scope.variables) {
			const [definition] = variable.defs;
			if (variable.defs.length !== 1 || variable.identifiers.length !== 1) continue;
			if (definition!.type !== "Parameter" && definition!.type !== "Variable") continue;
			if (variable.references.some(({ from }) => from.variableScope !== owner)) continue;
			const declaration = parents.get(definition!.node) as AnyNode | undefined;
			const isVariable = definition!.type === "Variable";
			if (isVariable && (declaration?.type !== "VariableDeclaration" || declaration.kind === "var")) continue;
			const places = [...variable.references.map(({ identifier }) => identifier), variable.identifiers[0]!].map(
				(each): [number, number] => [(each as unknown as AnyNode).start, (each as unknown as AnyNode).end],
			);
			locals.push({
				variable,
				places,
				declaration: isVariable ? (declaration as VariableDeclaration) : undefined,
				begin: isVariable ? beginOf(declaration as VariableDeclaration, owner, parents) : undefined,
			});
		}
	}
	return locals.sort((one, other) => nameOf(one).start - nameOf(other).start);
}

function nameOf({ variable }: Local): AnyNode {
	return variable.identifiers[0] as unknown as AnyNode;
}

function beginOf(declaration: VariableDeclaration, owner: Scope, parents: Parents): Begin | undefined {
	const [{ id, init }] = declaration.declarations as [VariableDeclaration["declarations"][0]];
	const parent = parents.get(declaration)!;
	if (declaration.declarations.length !== 1 || id.type !== "Identifier") return undefined;
	const isOf = parent.type === "ForOfStatement" && parent.left === declaration;
	const isHead = parent.type === "ForStatement" && parent.init === declaration;
	const isStatement = parent.type === "BlockStatement";
	if (isOf ? parent.await : !init || (!isHead && !isStatement)) return undefined;
	const loops: { start: number; end: number; from: number }[] = [];
	for (let node = parents.get(isHead ? parent : declaration); node; node = parents.get(node)) {
		if (node === (owner.block as unknown)) break;
		if (node.type === "ForOfStatement") loops.push({ start: node.start, end: node.end, from: node.body.start });
		else if (/^(For|While|DoWhile)/.test(node.type)) loops.push({ start: node.start, end: node.end, from: node.start });
	}
	const until = isOf ? parent.right.end : init!.end;
	return { from: declaration.start, name: id, until, loops };
}

/** Whether a variable can be where another one was. */
function hasRoom(host: Local, { variable, begin, places }: Local): boolean {
	const { scope, name } = host.variable;
	const { start } = nameOf(host);
	const isAround = scopesUp(variable.scope, scope.variableScope).includes(scope);
	if (!isAround || !begin || start >= begin.from) return false;
	if (host.places.some(([, end]) => end > begin.until)) return false;
	// the next time round, what was declared outside of the loop, or in its head, would be found changed
	for (const loop of begin.loops) {
		const isFresh = start > loop.start && start < loop.end && scope.type !== "for";
		if (!isFresh && host.places.some(([from, to]) => from >= loop.from && to <= loop.end)) return false;
	}
	return (
		variable.references.every(({ from }) =>
			scopesUp(from, scope).every((each) => each === scope || !each.set.has(name)),
		) && places.length > 0
	);
}

/** A scope and those around it, up to one. */
function scopesUp(from: Scope, to: Scope): Scope[] {
	const found: Scope[] = [];
	for (let scope: Scope | null = from; scope; scope = scope === to ? null : scope.upper) found.push(scope);
	return found;
}

function moved(code: string, { variable, begin }: Local, name: string, parents: Parents): Edit[] {
	const { from, name: declared } = begin!;
	const lines = code.slice(from, declared.start).replace(/[^\n]/g, "");
	const edits: Edit[] = [{ from, to: declared.end, text: `${lines}${name}` }];
	for (const { identifier, init } of variable.references) {
		if (init) continue; // the declaration itself
		const { start, end } = identifier as unknown as AnyNode;
		const parent = parents.get(identifier)!;
		const isShorthand = parent.type === "Property" && parent.shorthand;
		edits.push({ from: start, to: end, text: isShorthand ? `${variable.name}: ${name}` : name });
	}
	return edits;
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
