import { DormouseError, wrong } from "../modules/core/errors.js";
import { frozen } from "../modules/core/frozen.js";
import type { I2cIo, I2cPort } from "../modules/device/io.js";
import { type Driver, type Missing, MissingReason } from "../modules/measure/driver.js";

import { type Channel, type Emit, type SensorDeclaration, sensor } from "../modules/measure/sensor.js";
import {
	type Calibration,
	centiCelsius,
	deciPascal,
	fineTemperature,
	HIGH_BLOCK,
	isFilledWith,
	LOW_BLOCK,
	milliPercent,
	parseCalibration,
	SKIPPED_16_BIT,
	SKIPPED_20_BIT,
} from "./bme280-convert.js";
import { numberIn, onlyFields, portOf } from "./options.js";

/** Conversions that are averaged by the chip. */
export type Oversampling = 1 | 2 | 4 | 8 | 16;

/** A BME280 as a node declares it. */
export interface Bme280Options {
	/** The provider's name of the bus, such as `I2C.default`. */
	readonly port: string;
	/** 0x76 with SDO at ground (the default), 0x77 with SDO at supply. */
	readonly address?: 0x76 | 0x77;
	/** Bus speed, 1 … 1,000,000; default 400,000. */
	readonly hz?: number;
	/** More conversions a reading: less noise, more time and charge. Default 1 each, Bosch's choice for weather (§3.5.1). */
	readonly oversampling?: {
		readonly temperature?: Oversampling;
		readonly humidity?: Oversampling;
		readonly pressure?: Oversampling;
	};
	/** The readings to send; all three when left out. */
	readonly emit?: Readonly<Record<string, Emit>>;
}

/** What the driver needs: a bus and the address on it. */
export interface Bme280Bus extends I2cPort {
	readonly address: number;
	readonly hz: number;
	readonly oversampling?: Bme280Options["oversampling"];
}

const Register = Object.freeze({
	calibrationLow: 0x88,
	id: 0xd0,
	calibrationHigh: 0xe1,
	ctrlHum: 0xf2,
	status: 0xf3,
	ctrlMeas: 0xf4,
	config: 0xf5,
	data: 0xf7,
});
const CHIP_ID = 0x60;
const FORCED = 1;
const MEASURING = 8;
const IM_UPDATE = 1;
/** The copy takes under 2 ms after a reset (§1.1, t_startup); one look costs about 0.1 ms of bus time at 400 kHz. */
const COPY_LOOKS = 24;
const INT32 = 0x7fff_ffff;

/** Operating ranges: BST-BME280-DS002 §1.1 to §1.3, tables 1 to 3. */
const CHANNELS: readonly Channel[] = frozen([
	{ name: "temperature", unit: "Cel", step: 0.01, resolution: 0.01, low: -40, high: 85 },
	{ name: "humidity", unit: "%RH", step: 0.001, resolution: 0.1, low: 0, high: 100 },
	{ name: "pressure", unit: "hPa", step: 0.001, resolution: 0.1, low: 300, high: 1100 },
]);

/**
 * Bosch BME280: temperature, humidity, pressure. Each measurement is one in forced mode; the chip then sleeps by itself.
 *
 * Channels, as {@link Driver.collect} gives them: 0 temperature in 0.01 °C, 1 humidity in 0.001 %, 2 pressure in 0.1 Pa.
 * None is clamped to the chip's range. Without a temperature there is neither humidity nor pressure.
 * Source: BST-BME280-DS002.
 */
export class Bme280 implements Driver {
	private io: I2cIo | undefined;
	private calibration: Calibration | undefined;
	private started = false;
	private readonly readyMs: number;
	private readonly name: string;
	private readonly pointer = new Uint8Array(1);
	private readonly byte = new Uint8Array(1);
	private readonly data = new Uint8Array(8);
	/** Register and value pairs of one write; ctrl_meas is last, since ctrl_hum counts from then on (§5.4.3). */
	private readonly settings: Uint8Array;

	/** @throws {DormouseError} `io` when the bus cannot be opened */
	constructor(options: Bme280Bus) {
		const { io, oversampling = {}, ...bus } = options;
		const { temperature = 1, humidity = 1, pressure = 1 } = oversampling;
		this.name = `BME280 at 0x${bus.address.toString(16)}`;
		this.readyMs = measurementMs(temperature, humidity, pressure);
		this.settings = Uint8Array.of(
			Register.ctrlHum,
			osrs(humidity),
			Register.config,
			0, // no filter, no 3-wire SPI: other firmware may have left something else
			Register.ctrlMeas,
			(osrs(temperature) << 5) | (osrs(pressure) << 2) | FORCED,
		);
		try {
			this.io = new io(bus);
		} catch (error) {
			if (!(error instanceof Error)) throw error;
			throw new DormouseError("io", `${this.name}: ${error.message}`);
		}
	}

	/**
	 * Checks the chip's id, reads its calibration once, and starts one measurement.
	 * @returns the data sheet's maximum measurement time (appendix B, §9.1), rounded up: 10 ms at oversampling ×1
	 * @throws {DormouseError} `absent`, `identity`, `malformed` when the calibration is nonsense, `busy` when the chip does not
	 * come out of its reset, `closed`
	 */
	start(): number {
		this.started = false;
		const id = this.register(Register.id);
		if (id !== CHIP_ID)
			throw new DormouseError("identity", `${this.name}: chip id 0x${id.toString(16)}, 0x60 would be right`);
		if (!this.calibration) {
			this.awaitCopy();
			const low = this.read(Register.calibrationLow, new Uint8Array(LOW_BLOCK));
			const high = this.read(Register.calibrationHigh, new Uint8Array(HIGH_BLOCK));
			this.calibration = parseCalibration(low, high);
		}
		this.write(this.settings);
		this.started = true;
		return this.readyMs;
	}

	/**
	 * Reads the result of {@link start}, once. A conversion that the chip skipped is missing as `skipped`.
	 * @throws {DormouseError} `absent`, `busy` while the chip measures or when nothing was started, `malformed` when all data
	 * bytes are 0x00 or all 0xFF, `closed`
	 */
	collect(into: Int32Array, missing: Missing): void {
		const status = this.register(Register.status);
		if (!this.started || !this.calibration) throw new DormouseError("busy", `${this.name}: not started`);
		if (status & (MEASURING | IM_UPDATE)) throw new DormouseError("busy", `${this.name}: still measuring`);
		const data = this.read(Register.data, this.data);
		if (isFilledWith(data, 0) || isFilledWith(data, 0xff))
			throw new DormouseError("malformed", `${this.name}: all data is 0x${data[0] ? "ff" : "00"}`);
		this.started = false;
		const temperature = (data[3]! << 12) | (data[4]! << 4) | (data[5]! >> 4);
		if (temperature === SKIPPED_20_BIT) {
			for (let channel = 0; channel < 3; channel++) missing.mark(channel, MissingReason.skipped);
			return;
		}
		const fine = fineTemperature(temperature, this.calibration);
		put(centiCelsius(fine), 0, into, missing);
		const humidity = (data[6]! << 8) | data[7]!;
		if (humidity === SKIPPED_16_BIT) missing.mark(1, MissingReason.skipped);
		else put(milliPercent(humidity, fine, this.calibration), 1, into, missing);
		const pressure = (data[0]! << 12) | (data[1]! << 4) | (data[2]! >> 4);
		if (pressure === SKIPPED_20_BIT) missing.mark(2, MissingReason.skipped);
		else put(deciPascal(pressure, fine, this.calibration), 2, into, missing);
	}

	close(): void {
		this.io?.close();
		this.io = undefined;
	}

	/** Until the trimming values have been copied from the chip's memory, their registers are not valid (§5.4.4). */
	private awaitCopy(): void {
		for (let look = 0; look < COPY_LOOKS; look++) if (!(this.register(Register.status) & IM_UPDATE)) return;
		throw new DormouseError("busy", `${this.name}: does not come out of its reset`);
	}
	private register(register: number): number {
		return this.read(register, this.byte)[0]!;
	}
	private read(register: number, into: Uint8Array): Uint8Array {
		this.pointer[0] = register;
		this.write(this.pointer);
		return this.transfer("read", into);
	}
	private write(bytes: Uint8Array): void {
		this.transfer("write", bytes);
	}
	private transfer(direction: "read" | "write", bytes: Uint8Array): Uint8Array {
		const io = this.io;
		if (!io) throw new DormouseError("closed", `${this.name}: closed`);
		try {
			io[direction](bytes);
		} catch (error) {
			if (!(error instanceof Error)) throw error; // an engine that ends the wake, not a bus that failed
			throw new DormouseError("absent", `${this.name}: ${error.message}`);
		}
		return bytes;
	}
}

/** Keeps a value that no 32 bits hold from coming back as a plausible one. */
function put(value: number, channel: number, into: Int32Array, missing: Missing): void {
	if (value > INT32 || value < -INT32) missing.mark(channel, MissingReason.range);
	else into[channel] = value;
}

/**
 * The longest that a measurement takes, in milliseconds, rounded up.
 * Source: BST-BME280-DS002 appendix B, §9.1 (maximum column): 1.25 + 2.3·T + (2.3·P + 0.575) + (2.3·H + 0.575).
 */
export function measurementMs(temperature: number, humidity: number, pressure: number): number {
	return Math.ceil((1250 + 2300 * (temperature + humidity + pressure) + 2 * 575) / 1000);
}

/** The register's code of an oversampling: 1, 2, 4, 8, 16 are 1 … 5 (§5.4.3, §5.4.5). */
function osrs(times: number): number {
	return 32 - Math.clz32(times);
}

/**
 * Checks a declaration of a BME280.
 * @param open finds the bus when the driver is made
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function declareBme280(options: Bme280Options, open: (port: string) => I2cPort): SensorDeclaration {
	onlyFields("bme280", options, ["port", "address", "hz", "oversampling", "emit"]);
	const { address = 0x76, hz = 400_000, oversampling = {}, emit } = options;
	const port = portOf("bme280", "I2C", options.port);
	if (address !== 0x76 && address !== 0x77)
		wrong("bme280.address", JSON.stringify(address), "0x76 (SDO at ground) or 0x77 (SDO at supply)");
	numberIn("bme280.hz", hz, 1, 1_000_000, true);
	onlyFields("bme280.oversampling", oversampling, ["temperature", "humidity", "pressure"]);
	for (const [name, times] of Object.entries(oversampling))
		if (![1, 2, 4, 8, 16].includes(times))
			wrong(`bme280.oversampling.${name}`, JSON.stringify(times), "1, 2, 4, 8 or 16");
	const averaged = frozen({ ...oversampling });
	return sensor({
		chip: "bme280",
		port,
		channels: CHANNELS,
		emit,
		create: () => new Bme280({ ...open(port), address, hz, oversampling: averaged }),
	});
}
