/** Prints one figure: what, value, and what it is held to. */
export function row(name: string, value: number, remark = ""): void {
	const text = value.toLocaleString("en-US", { maximumFractionDigits: 2 });
	process.stdout.write(`  ${name.padEnd(74)} ${text.padStart(10)}  ${remark}`.trimEnd());
	process.stdout.write("\n");
}
