// Decodes what the nodes named below send, byte by byte as docs/wire.md of Dormouse tells it (frame version 2).
// ECMAScript 5.1 without any library: it runs as a payload formatter of The Things Stack and ChirpStack, and elsewhere.
var dormouse = (function () {
	"use strict";
	var SCHEMAS = [];
	var KINDS = ["sample", "alarm", "command", "health", "sync"];
	// Names of the values of records that are no samples, in order. What has none here is field0, field1 and so on.
	var FIELDS = {};
	// Names that data uses itself: a reading that is called so is found in records only.
	var OWN = { node: 1, schema: 1, time: 1, units: 1, records: 1 };
	// Zeros that a decoder reads behind the end before it says that something is missing.
	var MOST_ZEROS = 1024;
	var PASSES = [
		3976, 3928, 3861, 3770, 3647, 3484, 3273, 3008, 2690, 2327, 1939, 1555, 1202, 906, 674, 503, 383, 301, 246, 209, 184
	];

	function refusal(code, text) {
		return { refusal: code + ": " + text };
	}

	// The content of the one byte string that a payload is.
	function contentOf(bytes) {
		var all = [];
		var head = 1;
		var length;
		var major;
		var n;
		if (!bytes || typeof bytes.length !== "number" || bytes.length > 65538) throw refusal("malformed", "no bytes");
		for (n = 0; n < bytes.length; n++) all.push(bytes[n] & 255);
		if (all.length === 0) throw refusal("truncated", "no bytes");
		major = all[0] >> 5;
		if (major !== 2) throw refusal("type", "not a CBOR byte string, so no frame");
		length = all[0] & 31;
		if (length === 31) throw refusal("unsupported", "a byte string in parts");
		if (length > 27) throw refusal("malformed", "not the head of a frame");
		if (length > 23) {
			head += Math.pow(2, length - 24);
			if (all.length < head) throw refusal("truncated", "the frame ends within its head");
			length = 0;
			for (n = 1; n < head; n++) length = length * 256 + all[n];
		}
		if (all.length < head + length) throw refusal("truncated", "the frame ends early");
		if (all.length > head + length) throw refusal("malformed", "bytes behind the frame");
		if (length < 2) throw refusal("truncated", "no frame is so short");
		return all.slice(head);
	}

	// The range code behind the schema id.
	function rangeDecoder(content, from) {
		var at = from;
		var range = 16777216;
		var code = 0;
		function next() {
			var value = at < content.length ? content[at] : 0;
			at++;
			if (at > content.length + MOST_ZEROS) throw refusal("truncated", "the frame ends within a record");
			return value;
		}
		function narrow(by, to) {
			code -= by;
			range = to;
			while (range < 65536) {
				code = code * 256 + next();
				range *= 256;
			}
		}
		function bit(p) {
			var bound = (range >> 12) * p;
			if (code < bound) {
				narrow(0, bound);
				return 1;
			}
			narrow(bound, range - bound);
			return 0;
		}
		function uniform(n) {
			var share;
			var value;
			if (n > 4096) {
				value = uniform(Math.ceil(n / 256)) * 256;
				value += uniform(256);
			} else {
				share = Math.floor(range / n);
				value = Math.floor(code / share);
				if (value < n) narrow(share * value, share);
			}
			if (value >= n) throw refusal("malformed", "a value that cannot be");
			return value;
		}
		// What follows the first of b bits.
		function bits(b) {
			return b < 2 ? b : Math.pow(2, b - 1) + uniform(Math.pow(2, b - 1));
		}
		code = next() * 65536;
		code += next() * 256;
		code += next();
		return {
			bit: bit,
			uniform: uniform,
			bits: bits,
			natural: function () {
				return bits(uniform(33));
			},
			// At its end an encoder writes at most the first of the three bytes at hand, and no zeros.
			isDone: function () {
				return at - 2 >= content.length && content[content.length - 1] !== 0;
			}
		};
	}

	// A choice is its two counts, zeros and ones.
	function probability(choice) {
		return Math.floor((4096 * choice[1]) / (choice[0] + choice[1]));
	}
	function count(choice, outcome) {
		choice[outcome] += 4;
		if (choice[0] + choice[1] > 255) {
			choice[0] = (choice[0] >> 1) | 1;
			choice[1] = (choice[1] >> 1) | 1;
		}
	}
	function choose(coder, choice) {
		var outcome = coder.bit(probability(choice));
		count(choice, outcome);
		return outcome;
	}

	function newColumn() {
		return {
			other: [2, 2],
			across: [
				[4, 4],
				[4, 4]
			],
			along: [
				[4, 4],
				[4, 4]
			],
			count: 1,
			sum: 3,
			sign: 0,
			last: null
		};
	}

	// An integer of -2^31 .. 2^31 - 1. before: the difference of the value just left of this one.
	function difference(coder, column, before) {
		var across = null;
		var along = null;
		var k = 0;
		var i;
		var m;
		var p;
		var positive;
		var size;
		if (choose(coder, column.other) === 0) {
			column.sign = 0;
			return 0;
		}
		if (before !== 0) across = column.across[before > 0 ? 1 : 0];
		if (column.sign !== 0) along = column.along[column.sign > 0 ? 1 : 0];
		if (across && along) p = (probability(across) + probability(along)) >> 1;
		else if (across) p = probability(across);
		else if (along) p = probability(along);
		else p = 2048;
		positive = coder.bit(p);
		if (across) count(across, positive);
		if (along) count(along, positive);
		column.sign = positive ? 1 : -1;
		m = Math.floor((16 * column.sum) / column.count) | 1;
		i = 16;
		while (m > 3) {
			m >>= 1;
			i -= 2;
		}
		// m is now its two highest bits, or 1 when it had no more than that.
		if (m > 1) i -= m === 3 ? 3 : 2;
		while (k < 31 && coder.bit(PASSES[i < 0 ? 0 : i > 20 ? 20 : i])) {
			k++;
			i += 2;
		}
		size = Math.pow(2, k);
		if (k > 0) size += coder.uniform(size);
		column.sum += Math.min(size - 1, 1048576);
		column.count += 2;
		if (column.count > 8) {
			column.count >>= 1;
			column.sum = Math.floor(column.sum / 2);
		}
		return (positive ? size : -size) | 0;
	}

	// A frame: { base, records: [{ number, kind, wall, seconds, values }] }, and what its base tells.
	function decodeLong(content, schema) {
		var coder = rangeDecoder(content, 2);
		var width = schema.columns.length;
		var frame = { base: 0, epoch: 0, age: null, records: [], truncated: false };
		var columns = [];
		var missing = [];
		var usual = [60, 4];
		var gap = [28, 4];
		var delay = [4, 4];
		var otherKind = [12, 4];
		var toggled = -1;
		var seconds = 0;
		var step = schema.period;
		var records = schema.batch;
		var n;
		var number;
		var wall;

		function sampleValues() {
			var values = [];
			var before = 0;
			var c;
			var column;
			var last;
			for (c = 0; c < width; c++) {
				column = columns[c];
				last = column.last;
				if (missing[c]) {
					values.push(null);
					before = 0;
					continue;
				}
				if (last === null) {
					if (coder.bit(16)) column.last = coder.uniform(4294967296) | 0;
					else column.last = schema.columns[c].low + coder.uniform(schema.columns[c].high - schema.columns[c].low + 1);
					before = 0;
				} else {
					before = difference(coder, column, before);
					column.last = (last + before) | 0;
				}
				values.push(column.last);
			}
			return values;
		}
		function otherValues() {
			var values = [];
			var left = coder.uniform(33);
			while (left-- > 0) values.push(difference(coder, columns[width + 2], 0));
			return values;
		}
		function changeMissing() {
			do {
				if (toggled < 0 || coder.bit(512)) toggled = coder.uniform(width);
				missing[toggled] = !missing[toggled];
			} while (coder.bit(512));
		}
		function record(isFirst) {
			var kind = 0;
			var itsWall = wall;
			var isPlain = choose(coder, usual) === 0;
			var more = 0;
			var later = 0;
			var changes = false;
			if (!isFirst) {
				if (!isPlain && choose(coder, gap)) more = difference(coder, columns[width], 0);
				if (!isPlain && choose(coder, delay)) later = difference(coder, columns[width + 1], 0);
				number = (number + 1 + more) >>> 0;
				seconds = (seconds + step + later) >>> 0;
			}
			if (!isPlain && ((more === 0 && later === 0) || coder.bit(512))) {
				if (choose(coder, otherKind) === 0) changes = true;
				else {
					kind = coder.uniform(8);
					itsWall = coder.bit(2048) === 1;
					if (kind === 0) {
						wall = itsWall;
						changes = coder.bit(2048) === 1;
					}
				}
			}
			if (changes) changeMissing();
			frame.records.push({
				number: number,
				kind: kind,
				wall: itsWall,
				seconds: seconds,
				values: kind === 0 ? sampleValues() : otherValues()
			});
			if (kind >= KINDS.length) throw refusal("malformed", "record kind " + kind);
		}

		if (coder.bit(64)) throw refusal("unsupported", "a frame of another version");
		if (coder.bit(512)) frame.base = 1 + coder.uniform(3);
		number = coder.bits(coder.bit(512) ? coder.uniform(33) : 8 + coder.uniform(16));
		if (coder.bit(512)) records = 1 + coder.uniform(1024);
		if (frame.base === 0) seconds = coder.uniform(1048576);
		else if (frame.base === 1) seconds = coder.uniform(4294967296);
		else if (frame.base === 2) frame.age = coder.natural();
		else {
			frame.epoch = coder.natural();
			seconds = coder.natural();
			if (coder.bit(2048)) frame.age = coder.natural();
		}
		if (coder.bit(512)) step = coder.natural();
		wall = frame.base < 2;
		for (n = 0; n < width + 3; n++) columns.push(newColumn());
		for (n = 0; n < width; n++) missing.push(false);
		for (n = 0; n < records; n++) record(n === 0);
		if (!coder.isDone()) throw refusal("malformed", "bytes that no record needs");
		return frame;
	}

	function bitsOf(column) {
		var codes = column.high - column.low + 1;
		var bits = 0;
		while (codes >= 1) {
			codes /= 2;
			bits++;
		}
		return bits;
	}

	function decodeShort(content, schema) {
		var at = 8;
		var ageBits = 8;
		var size = 33;
		var values = [];
		var kind = 0;
		var truncated = false;
		var bits;
		var code;
		var exponent;
		var isSample;
		var left;
		var mantissa;
		var n;
		var number;
		var isKnown;
		function take(count) {
			var value = 0;
			if (at + count > content.length * 8) throw refusal("truncated", "the frame ends within a record");
			for (; count > 0; count--, at++) value = value * 2 + ((content[at >> 3] >> (7 - (at & 7))) & 1);
			return value;
		}
		number = take(16);
		isSample = take(1) === 0;
		if (isSample) {
			for (n = 0; n < schema.columns.length; n++) size += bitsOf(schema.columns[n]);
			while (size % 8 !== 0) {
				size++;
				ageBits++;
			}
			if (content.length < size / 8) throw refusal("truncated", content.length + " bytes");
			if (content.length > size / 8) throw refusal("malformed", content.length + " bytes");
		}
		exponent = take(3);
		mantissa = take(ageBits - 3);
		isKnown = exponent < 7 || mantissa < Math.pow(2, ageBits - 3) - 1;
		if (isSample)
			for (n = 0; n < schema.columns.length; n++) {
				bits = bitsOf(schema.columns[n]);
				code = take(bits);
				if (code === Math.pow(2, bits) - 1) values.push(null);
				else if (code <= schema.columns[n].high - schema.columns[n].low) values.push(schema.columns[n].low + code);
				else throw refusal("malformed", "code " + code);
			}
		else {
			kind = take(3);
			if (kind === 0 || kind >= KINDS.length) throw refusal("malformed", "record kind " + kind);
			truncated = take(1) === 1;
			for (left = take(4); left > 0; left--) {
				bits = 0;
				while (take(1) === 0) bits++;
				code = Math.pow(2, bits) + take(bits) - 1;
				code = code % 2 === 1 ? -(code + 1) / 2 : code / 2;
				if (bits > 32 || code !== (code | 0)) throw refusal("malformed", "a value beyond 32 bits");
				values.push(code);
			}
			left = content.length * 8 - at;
			if (left > 7 || take(left) !== 0) throw refusal("malformed", "bits that no value needs");
		}
		return {
			base: 2,
			age: isKnown ? mantissa * Math.pow(4, exponent) : null,
			records: [{ number: number, kind: kind, wall: false, seconds: 0, values: values }],
			truncated: truncated
		};
	}

	// What a frame's sync records say of a time in its epoch, or null. It was their first value's wall time then; between
	// two of them the node's clock drifted, unless that is more than a clock does.
	function byMarks(records, seconds) {
		var before = null;
		var after = null;
		var wallMs;
		var passed;
		var drifted;
		var mark;
		var n;
		for (n = 0; n < records.length; n++) {
			mark = records[n];
			if (mark.kind !== 4 || mark.values.length === 0) continue;
			if (mark.seconds <= seconds) {
				if (before === null || mark.seconds >= before.seconds) before = mark;
			} else if (after === null || mark.seconds <= after.seconds) after = mark;
		}
		mark = before !== null ? before : after;
		if (mark === null) return null;
		wallMs = 1000 * ((mark.values[0] >>> 0) + seconds - mark.seconds);
		if (before === null || after === null) return wallMs;
		passed = after.seconds - before.seconds;
		drifted = 1000 * ((after.values[0] >>> 0) - (before.values[0] >>> 0) - passed);
		if (Math.abs(drifted) > (1000 * passed) / 16) return wallMs;
		return wallMs + Math.round((drifted * (seconds - before.seconds)) / passed);
	}

	// Says for each record when it was, in milliseconds since 1970, or null.
	function timesOf(frame, arrivedMs) {
		var records = frame.records;
		var last = records[records.length - 1].seconds;
		var latest = Math.floor(arrivedMs / 1000) + 65536;
		var times = [];
		var startMs = null;
		var marked;
		var n;
		if (frame.base === 3) {
			if (frame.age !== null) startMs = arrivedMs - 1000 * (last + frame.age);
		}
		for (n = 0; n < records.length; n++) {
			if (frame.base === 0) {
				// Euclidean: both may be on either side of a multiple of 2^20.
				times.push(1000 * (latest - ((((latest - records[n].seconds) % 1048576) + 1048576) % 1048576)));
			} else if (frame.base === 1) times.push(1000 * records[n].seconds);
			else if (frame.base === 2)
				times.push(frame.age === null ? null : arrivedMs + 1000 * (((records[n].seconds - last) | 0) - frame.age));
			else {
				marked = byMarks(records, records[n].seconds);
				times.push(marked !== null ? marked : startMs === null ? null : startMs + 1000 * records[n].seconds);
			}
		}
		return times;
	}

	function isoTime(ms) {
		return ms === null || !(Math.abs(ms) <= 8.64e15) ? null : new Date(ms).toISOString();
	}

	function arrivalOf(input) {
		var time = input.recvTime;
		var ms = NaN;
		if (typeof time === "number") ms = time;
		else if (time && typeof time.getTime === "function") ms = time.getTime();
		else if (time) ms = Date.parse(String(time));
		return ms === ms ? Math.floor(ms) : new Date().getTime();
	}

	function readingsOf(values, schema) {
		var readings = {};
		var n;
		for (n = 0; n < values.length; n++)
			readings[schema.columns[n].name] =
				values[n] === null
					? null
					: schema.columns[n].per
						? values[n] / schema.columns[n].per
						: values[n] * schema.columns[n].times;
		return readings;
	}

	function fieldsOf(kind, values) {
		var names = FIELDS[kind] || [];
		var fields = {};
		var n;
		for (n = 0; n < values.length; n++) fields[n < names.length ? names[n] : "field" + n] = values[n];
		// A wall time is unsigned: 2038 is no end.
		if (kind === "sync" && values.length > 0) fields[names[0]] >>>= 0;
		return fields;
	}

	function dataOf(frame, schema, arrivedMs) {
		var data = { node: schema.node, schema: schema.id, time: null };
		var times = timesOf(frame, arrivedMs);
		var units = {};
		var records = [];
		var newest = null;
		var found;
		var kind;
		var n;
		var name;
		var record;
		for (n = 0; n < frame.records.length; n++) {
			found = frame.records[n];
			kind = KINDS[found.kind];
			record = { number: found.number, kind: kind, time: isoTime(times[n]), wall: found.wall };
			if (frame.base === 3) {
				record.epoch = frame.epoch;
				record.seconds = found.seconds;
			}
			record.values = found.kind === 0 ? readingsOf(found.values, schema) : fieldsOf(kind, found.values);
			records.push(record);
			if (found.kind === 0) newest = record;
		}
		if (newest) {
			data.time = newest.time;
			for (name in newest.values) if (OWN[name] !== 1 && newest.values[name] !== null) data[name] = newest.values[name];
		}
		for (n = 0; n < schema.columns.length; n++) units[schema.columns[n].name] = schema.columns[n].unit;
		data.units = units;
		data.records = records;
		return data;
	}

	function decode(input) {
		var content = contentOf(input.bytes);
		var isShort = content[0] >= 128;
		var id = isShort ? content[0] - 128 : content[0] * 256 + content[1];
		var known = [];
		var warnings = [];
		var frame;
		var n;
		for (n = 0; n < SCHEMAS.length; n++)
			if (id === (isShort ? SCHEMAS[n].id & 127 : SCHEMAS[n].id)) known.push(SCHEMAS[n]);
		if (known.length === 0) throw refusal("unsupported", "schema " + id + " is not one of this file's");
		if (known.length > 1)
			throw refusal("unsupported", "schema " + id + " of a short frame may be several of this file's");
		frame = isShort ? decodeShort(content, known[0]) : decodeLong(content, known[0]);
		if (frame.truncated) warnings.push("the record had more values than went into its frame");
		if (isShort) warnings.push("short frame: number is the record's modulo 65536");
		return { data: dataOf(frame, known[0], arrivalOf(input)), warnings: warnings, errors: [] };
	}

	return {
		decodeUplink: function (input) {
			try {
				return decode(input);
			} catch (error) {
				return { data: {}, warnings: [], errors: [(error && error.refusal) || "malformed: " + String(error)] };
			}
		},
		normalizeUplink: function (input) {
			var data = (input && input.data) || {};
			var records = data.records || [];
			var measurements = [];
			var isFilled;
			var measurement;
			var n;
			var normal = [];
			var r;
			var value;
			for (n = 0; n < SCHEMAS.length; n++) if (SCHEMAS[n].id === data.schema) normal = SCHEMAS[n].normal;
			for (r = 0; r < records.length; r++) {
				if (records[r].kind !== "sample") continue;
				measurement = {};
				isFilled = false;
				if (records[r].time) measurement.time = records[r].time;
				for (n = 0; n < normal.length; n++) {
					value = records[r].values[normal[n].name];
					if (typeof value !== "number") continue;
					if (!measurement[normal[n].group]) measurement[normal[n].group] = {};
					measurement[normal[n].group][normal[n].field] = value;
					isFilled = true;
				}
				if (isFilled) measurements.push(measurement);
			}
			return { data: measurements, warnings: [], errors: [] };
		}
	};
})();

// input: { bytes: [..], fPort, recvTime }; recvTime is when the message arrived, now if it is not given.
function decodeUplink(input) {
	return dormouse.decodeUplink(input);
}
