/**
 * Whether a topic matches a filter with + and #. Source: MQTT 5.0 §4.7.1 (wildcards), §4.7.2 (topics that begin with $).
 */
export function matches(filter: string, topic: string): boolean {
	if (topic.startsWith("$") && !filter.startsWith("$")) return false;
	const wanted = filter.split("/");
	const levels = topic.split("/");
	for (let at = 0; at < wanted.length; at++) {
		if (wanted[at] === "#") return true; // the parent level too: "a/#" matches "a"
		if (at >= levels.length || (wanted[at] !== "+" && wanted[at] !== levels[at])) return false;
	}
	return wanted.length === levels.length;
}

/** Whether a text is a topic filter: # only at the end, wildcards alone in their level. Source: MQTT 5.0 §4.7.1. */
export function isFilter(text: string): boolean {
	if (!text || text.includes("\0")) return false;
	const levels = text.split("/");
	return levels.every((level, at) => {
		if (level === "#") return at === levels.length - 1;
		return level === "+" || !/[+#]/.test(level);
	});
}
