/** What happened. Operands are in the {@link Mac}; each also answers the effect of its number. */
export const Event = Object.freeze({
	/** An exchange begins; it is to be over at `untilMs`; `wantsTime`. */
	begin: 0,
	/** The source gave a frame of `length` bytes for `port`, 1 … 223; or nothing, of 0 bytes. */
	filled: 1,
	/** The wait is over. */
	elapsed: 2,
	/** The channel's loudest was `level` dBm. */
	sensed: 3,
	/** The frame left, at `atMs`. */
	sent: 4,
	/** `bytes` came, with an SNR of `level` dB, or nothing sound, undefined; its end was at `atMs`. */
	heard: 5,
	/** The listener was told. */
	told: 6,
	/** For the shell: the radio failed with `code`. */
	fault: 7,
});
export type Event = (typeof Event)[keyof typeof Event];

/** What the shell has to do. Operands are in the {@link Mac}. */
export const Effect = Object.freeze({
	none: 0,
	/**
	 * Put at most `room` bytes at the start of `bytes`. With `refill` what was filled last was not sent: the source is to
	 * begin again.
	 */
	fill: 1,
	/** Wait until `atMs`. */
	wait: 2,
	/** Listen to `how.frequencyHz` for `room` milliseconds. */
	sense: 3,
	/** Send `bytes` as `how` says. */
	transmit: 4,
	/** Listen at `atMs` for `room` symbols, as `how` says. */
	receive: 5,
	/** A downlink `bytes` for `port`; call {@link Mac.accept} once it is taken. */
	downlink: 6,
	/** In GPS time it was `room` milliseconds at `atMs`. */
	time: 7,
	/** The frame that was filled last arrived (`acknowledged`), or left. */
	delivered: 8,
	/** The exchange is over: nothing is left. */
	idle: 9,
	/** The exchange is over: not before `room` milliseconds from now. */
	deferred: 10,
	/** The exchange is over: `code`. */
	failed: 11,
});
export type Effect = (typeof Effect)[keyof typeof Effect];
