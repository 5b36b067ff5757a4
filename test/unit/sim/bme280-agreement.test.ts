import { centiCelsius, deciPascal, fineTemperature, milliPercent } from "../../../sensors/bme280-convert.js";
import {
	celsiusOf,
	fineOf,
	pascalOf,
	percentOf,
	rawOfCelsius,
	rawOfPascal,
	rawOfPercent,
} from "../../../sim/chips/bme280-physics.js";
import { PUBLISHED_TRIM, seededTrim, type Trim } from "../../../sim/chips/bme280-trim.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";

/** The driver's names: without `dig_`. */
function calibration(trim: Readonly<Trim>) {
	return Object.fromEntries(Object.entries(trim).map(([key, value]) => [key.slice(4), value])) as unknown as Parameters<
		typeof fineTemperature
	>[1];
}

describe("bme280 formulas", () => {
	it("double precision: the data sheet's example, 25.08 °C and 100653.27 Pa", () => {
		assert.near(celsiusOf(519_888, PUBLISHED_TRIM), 25.08, 0.005);
		// the data sheet rounds between its steps; the formula itself gives 100653.258
		assert.near(pascalOf(415_148, Math.trunc(fineOf(519_888, PUBLISHED_TRIM)), PUBLISHED_TRIM), 100_653.27, 0.02);
	});
	const seed = 280;
	it(`integers and doubles: random chips over the whole range (seed ${seed}), within 0.01 °C, 1 Pa, 0.02 %`, () => {
		const random = new Seeded(seed);
		let cases = 0;
		for (let chip = 0; chip < 300; chip++) {
			const trim = seededTrim(random.u32());
			const c = calibration(trim);
			for (let n = 0; n < 30; n++) {
				const rawT = Math.round(rawOfCelsius(-40 + 125 * random.real(), trim));
				const doubleFine = fineOf(rawT, trim);
				const rawP = Math.round(rawOfPascal(30_000 + 80_000 * random.real(), doubleFine, trim));
				const rawH = Math.round(rawOfPercent(100 * random.real(), doubleFine, trim));
				const where = `raw ${rawT} ${rawP} ${rawH} of ${JSON.stringify(trim)}`;
				assert.ok(rawT > 0 && rawT < 0xfffff && rawP > 0 && rawP < 0xfffff && rawH > 0 && rawH < 0xffff, where);
				const fine = fineTemperature(rawT, c);
				assert.near(centiCelsius(fine) / 100, celsiusOf(rawT, trim), 0.01, where);
				assert.near(deciPascal(rawP, fine, c) / 10, pascalOf(rawP, doubleFine, trim), 1, where);
				assert.near(milliPercent(rawH, fine, c) / 1000, percentOf(rawH, doubleFine, trim), 0.02, where);
				cases++;
			}
		}
		assert.equal(cases, 9000);
	});
	it(`inverse: random codes (seed ${seed}), the same code again`, () => {
		const random = new Seeded(seed);
		for (let n = 0; n < 3000; n++) {
			const trim = seededTrim(random.u32());
			const t = random.between(220_000, 800_000);
			const fine = fineOf(t, trim);
			const h = random.between(17_000, 45_000);
			const p = random.between(150_000, 900_000);
			assert.near(rawOfCelsius(celsiusOf(t, trim), trim), t, 1e-3);
			assert.near(rawOfPercent(percentOf(h, fine, trim), fine, trim), h, 1e-3);
			assert.near(rawOfPascal(pascalOf(p, fine, trim), fine, trim), p, 1e-3);
		}
	});
});
