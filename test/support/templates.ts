/** What Home Assistant's state of a sensor is: a number or a time as text, unknown, or nothing that it would take over. */
export type Rendered = number | string | undefined | "ignored";

/**
 * Renders a value template as Home Assistant does, as far as `homeAssistant()` uses templates; another form throws. That it
 * is Home Assistant's own way was checked by hand with its `unpack` over Jinja.
 * Source: `struct_unpack` in homeassistant/helpers/template.py, `MqttSensor._update_state` in components/mqtt/sensor.py.
 */
export function render(template: string, payload: Uint8Array): Rendered {
	const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
	const number =
		/^\{%if value\|unpack\('>H',(\d+)\)==(\d+)%\}\{%set v=value\|unpack\('>i',(\d+)\)%\}\{\{v(?:([/*])(\d+))? if v>-2147483648 else none\}\}\{%endif%\}$/.exec(
			template,
		);
	if (number) {
		const [, tagAt, tag, at, operator, factor] = number;
		if (view.getUint16(Number(tagAt)) !== Number(tag)) return "ignored";
		const value = view.getInt32(Number(at));
		if (value === -0x8000_0000) return undefined;
		return operator === "/" ? value / Number(factor) : operator === "*" ? value * Number(factor) : value;
	}
	const count = /^\{%if value\|unpack\('>H',(\d+)\)==(\d+)%\}\{\{value\|unpack\('>I',(\d+)\)\}\}\{%endif%\}$/.exec(
		template,
	);
	if (count) {
		const [, tagAt, tag, at] = count;
		return view.getUint16(Number(tagAt)) === Number(tag) ? view.getUint32(Number(at)) : "ignored";
	}
	const time =
		/^\{%set v=value\|unpack\('>I',(\d+)\) if value\|unpack\('>H',(\d+)\)==(\d+) else 0%\}\{\{v\|timestamp_utc if v else none\}\}$/.exec(
			template,
		);
	if (!time) throw new Error(`a template of another form: ${template}`);
	const [, at, tagAt, tag] = time;
	const seconds = view.getUint16(Number(tagAt)) === Number(tag) ? view.getUint32(Number(at)) : 0;
	return seconds ? new Date(1000 * seconds).toISOString() : undefined;
}
