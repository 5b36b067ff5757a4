const ISO = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:([Zz])|([+-])(\d\d):?(\d\d)?)$/;

/**
 * An instant of ISO 8601 date and time with `Z` or an offset, or of Unix seconds when all are digits.
 * @returns milliseconds since 1970 (UTC); undefined when it is neither, has no zone, or is no date of the calendar
 */
export function parseTime(text: string): number | undefined {
	if (/^\d{1,11}$/.test(text)) return Number(text) * 1000;
	const match = ISO.exec(text);
	if (!match) return undefined;
	const [
		,
		year,
		month,
		day,
		hour,
		minute,
		second = "0",
		fraction = "0",
		,
		sign,
		offsetHours = "0",
		offsetMinutes = "0",
	] = match;
	const ms = Date.UTC(+year!, +month! - 1, +day!, +hour!, +minute!, +second);
	const date = new Date(ms);
	if (
		date.getUTCFullYear() !== +year! ||
		date.getUTCMonth() !== +month! - 1 ||
		date.getUTCDate() !== +day! ||
		date.getUTCHours() !== +hour!
	)
		return undefined;
	if (+minute! > 59 || +second > 59 || +offsetHours > 23 || +offsetMinutes > 59) return undefined;
	const offset = (+offsetHours * 60 + +offsetMinutes) * 60_000;
	return ms + Number(`0.${fraction}`) * 1000 - (sign === "-" ? -offset : offset);
}
