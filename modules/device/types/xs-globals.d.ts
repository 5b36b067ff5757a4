/** Prints to xsbug, and on `lin` to standard output in release builds too; ESP32 releases print nothing. Ends no line by itself. Source: `fx_trace`, xs/sources/xsGlobal.c. */
declare function trace(...items: readonly unknown[]): void;

/**
 * Put into the global object by `$(MODDABLE)/modules/io/manifest.json` alone. There is no `setTimer`.
 * Source: Moddable SDK 8.2.3, modules/io/system/system.js (ESP32), modules/io/manifests/lin/system.js.
 */
declare const System: {
	/**
	 * Resolves a name by the platform's resolver: later, in order of asking, without cancelling.
	 * `lin` gives an address only when the first one found is IPv4 ("localhost" may give none).
	 */
	resolve(name: string, callback: (name: string, address: string | undefined) => void): void;
	/** Milliseconds. `lin` and ESP32. */
	setInterval(callback: () => void, milliseconds: number): object;
	clearInterval(id: object | undefined): void;
	/** ESP32 only, as is `clearTimeout`: use "timer". */
	setTimeout?(callback: () => void, milliseconds: number): object;
	clearTimeout?(id: object | undefined): void;
	/** ESP32 only. Does not return. */
	restart?(): never;
};
