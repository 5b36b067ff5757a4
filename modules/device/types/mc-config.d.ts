/**
 * The manifest's `config` object as a module, with what was given as `name=value` on mcconfig's command line (strings) on top. Deeply frozen.
 * Source: Moddable SDK 8.2.3, `ConfigFile` in tools/mcconfig.js. It stands in plain text in the firmware: no secrets.
 * Beware `config.ssid`: with it the SDK's setup/network connects to Wi-Fi before `main` runs.
 */
declare module "mc/config" {
	const config: { readonly [name: string]: unknown };
	export default config;
}
