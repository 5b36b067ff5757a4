import { DormouseError } from "./errors.js";

/**
 * A span in whole seconds, as node declarations take it.
 * @throws {DormouseError} `declaration` unless `count` is a finite number ≥ 0
 */
export function seconds(count: number): number {
	return span(count, 1, "seconds");
}

/** {@link seconds} of minutes. */
export function minutes(count: number): number {
	return span(count, 60, "minutes");
}

/** {@link seconds} of hours. */
export function hours(count: number): number {
	return span(count, 3600, "hours");
}

/** {@link seconds} of days. */
export function days(count: number): number {
	return span(count, 86_400, "days");
}

function span(count: number, unit: number, name: string): number {
	if (typeof count !== "number" || !Number.isFinite(count) || count < 0)
		throw new DormouseError("declaration", `${name}(${count}): a number from 0 up would be right`);
	return Math.round(count * unit);
}
