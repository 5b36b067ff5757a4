import * as assert from "../assert.js";
import { bytesASample, type Recording, weatherRecording } from "../support/recordings.js";

/** The design's budget: hourly weather and a battery, with time (`docs/architecture.md`). */
const BUDGET = [
	[12, 3],
	[24, 2.5],
] as const;

describe("the compact frame over a recorded year", function () {
	this.timeout(60_000);
	let weather: Recording;
	before(function () {
		const recording = weatherRecording();
		if (!recording) {
			console.log("      skipped: ../shared/data/weather-ewr-2013.csv is not there");
			this.skip();
		} else weather = recording;
	});

	for (const [batch, budget] of BUDGET)
		it(`frames of ${batch}: at most ${budget} bytes a sample, each decoded to what it was`, function () {
			assert.ok(weather.records.length > 8700, "the whole recording");
			const bytes = bytesASample(weather, batch);
			assert.ok(bytes <= budget, `${bytes} bytes a sample`);
			assert.ok(bytes > 1, `${bytes} bytes a sample are too good to be true`);
			this.test!.title += ` (${bytes.toFixed(3)})`;
		});
});
