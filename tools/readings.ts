import { senmlQuantity, senmlValue } from "../modules/codec/senml-units.js";
import { RecordKind } from "../modules/core/record.js";
import { fromScaled } from "../modules/measure/quantity.js";
import type { CollectedRecord, NodeSchema } from "./collector.js";
import { fieldName, fieldValue, kindName } from "./record-fields.js";

/** One value with all that is known of it: what formats are written from. */
export interface Reading {
	/** A quantity's name; of records that are no samples `kind.field`, such as `health.failed`. */
	readonly name: string;
	/** SenML unit; empty for plain numbers. */
	readonly unit: string;
	readonly value: number;
	/** Wall time in milliseconds since 1970 (UTC); undefined where it cannot be known. */
	readonly timeMs: number | undefined;
	/** Of the record that it came in. */
	readonly number?: number;
}

/**
 * The values of records, in their order; missing ones are left out.
 * @param isPrimary in SenML's primary units instead of those declared: Pa for hPa
 */
export function readingsOf(
	records: readonly CollectedRecord[],
	{ quantities }: NodeSchema,
	isPrimary = false,
): Reading[] {
	const primary = isPrimary ? quantities.map(senmlQuantity) : [];
	return records.flatMap(({ kind, number, values, timed, wallMs }) => {
		const timeMs = timed ? wallMs : undefined;
		return values.flatMap((value, n): Reading[] => {
			if (value === undefined) return [];
			if (kind !== RecordKind.sample)
				return [
					{
						name: `${kindName(kind)}.${fieldName(kind, n)}`,
						unit: "",
						value: fieldValue(kind, n, value),
						timeMs,
						number,
					},
				];
			const { name, unit } = primary[n] ?? quantities[n]!;
			const real = isPrimary ? senmlValue(value, primary[n]!) : fromScaled(value, quantities[n]!);
			return [{ name, unit, value: real, timeMs, number }];
		});
	});
}
