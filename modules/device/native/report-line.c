/*
 * A wake's report as one readable line. The report is a CBOR array in the order of `FIELDS` (modules/cycle/report.ts,
 * version 3); decoding it here costs the firmware's JavaScript nothing.
 */
#include <stdio.h>
#include <string.h>

#include "board.h"

#define VERSION 3
#define LINE_SIZE 512
#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* CBOR's major types and null: RFC 8949, sections 3 and 3.3. */
enum { UNSIGNED = 0, NEGATIVE = 1, TEXT = 3, ARRAY = 4, SIMPLE = 7, NULL_VALUE = 22 };

static const char *const WAKE[] = { "reset", "timer", "pin", "touch", "other" };
static const char *const RESET[] = { "unknown", "power", "deep-sleep", "software", "panic", "watchdog", "brown-out", "pin" };
static const char *const START[] = { "warm", "cold", "corrupt", "partial" };

typedef struct {
	const char *name;
	/* Words for its values; without them it is a number, a text or a list. */
	const char *const *words;
	int count;
} Field;

static const Field FIELDS[] = {
	{ "wake", WAKE, COUNT(WAKE) },
	{ "reset", RESET, COUNT(RESET) },
	{ "start", START, COUNT(START) },
	{ "epoch", 0, 0 },
	{ "t", 0, 0 },
	{ "record", 0, 0 },
	{ "values", 0, 0 },
	{ "missing", 0, 0 },
	{ "queued", 0, 0 },
	{ "oldest", 0, 0 },
	{ "frames", 0, 0 },
	{ "bytes", 0, 0 },
	{ "acknowledged", 0, 0 },
	{ "dropped", 0, 0 },
	{ "unsaved", 0, 0 },
	{ "problem", 0, 0 },
	{ "failures", 0, 0 },
	{ "sleepMs", 0, 0 },
	{ "pins", 0, 0 },
	{ "unarmed", 0, 0 },
	{ "taken", 0, 0 },
};

typedef struct {
	const uint8_t *at;
	const uint8_t *end;
	char line[LINE_SIZE];
	unsigned length;
} Report;

static void add(Report *r, const char *text, unsigned count)
{
	unsigned room = LINE_SIZE - 1 - r->length;
	if (count > room)
		count = room;
	memcpy(r->line + r->length, text, count);
	r->length += count;
	r->line[r->length] = 0;
}

static void addText(Report *r, const char *text)
{
	add(r, text, (unsigned)strlen(text));
}

/* Reads the head of an item. Returns its major type, or -1 at the end and for what a report does not hold. */
static int head(Report *r, uint32_t *value)
{
	if (r->at >= r->end)
		return -1;
	int major = *r->at >> 5;
	uint32_t low = *r->at++ & 31;
	int size = low < 24 ? 0 : low < 27 ? 1 << (low - 24) : -1;
	if (size < 0 || r->end - r->at < size)
		return -1;
	*value = size ? 0 : low;
	while (size-- > 0)
		*value = *value << 8 | *r->at++;
	return major;
}

static int scalar(Report *r, int major, uint32_t value)
{
	char digits[16];
	if (major == UNSIGNED || major == NEGATIVE) {
		snprintf(digits, sizeof(digits), "%s%lu", major == NEGATIVE ? "-" : "", (unsigned long)value + (major == NEGATIVE));
		addText(r, digits);
		return 1;
	}
	if (major == SIMPLE && value == NULL_VALUE) {
		addText(r, "none");
		return 1;
	}
	if (major != TEXT || (uint32_t)(r->end - r->at) < value)
		return 0;
	if (value)
		add(r, (const char *)r->at, value);
	else
		addText(r, "none");
	r->at += value;
	return 1;
}

static int field(Report *r, const Field *f)
{
	uint32_t value, item;
	int major = head(r, &value);
	addText(r, " ");
	addText(r, f->name);
	addText(r, "=");
	if (major == UNSIGNED && value < (uint32_t)f->count) {
		addText(r, f->words[value]);
		return 1;
	}
	if (major != ARRAY)
		return scalar(r, major, value);
	if (!value)
		addText(r, "none");
	for (uint32_t n = 0; n < value; n++) {
		if (n)
			addText(r, ",");
		major = head(r, &item);
		if (!scalar(r, major, item))
			return 0;
	}
	return 1;
}

void (*dm_report_more)(char *into, unsigned size);

void dm_report(const uint8_t *bytes, uint32_t count)
{
	Report report = { bytes, bytes + count, "dormouse", 8 };
	Report *r = &report;
	uint32_t length, version;
	char text[40];
	int known = head(r, &length) == ARRAY && head(r, &version) == UNSIGNED && version == VERSION && length == COUNT(FIELDS) + 1;
	for (int n = 0; known && n < COUNT(FIELDS); n++)
		known = field(r, &FIELDS[n]);
	if (!known)
		addText(r, " report=unreadable");
	uint32_t heap, least;
	if (dm_heap(&heap, &least)) {
		snprintf(text, sizeof(text), " heap=%lu,%lu", (unsigned long)heap, (unsigned long)least);
		addText(r, text);
	}
	snprintf(text, sizeof(text), " awakeMs=%lu", (unsigned long)dm_awake_ms());
	addText(r, text);
	if (dm_report_more)
		dm_report_more(r->line + r->length, LINE_SIZE - r->length);
	dm_print(r->line);
}
