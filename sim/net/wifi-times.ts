import { frozen } from "../../modules/core/frozen.js";

/**
 * What joining a Wi-Fi network takes on an ESP32, in milliseconds. "Logs" are those that public projects show of ESP-IDF's
 * driver, with its own time stamps; how long things take on a certain board and at a certain access point differs by as
 * much as the spans that are given.
 */
export const WifiTimes = frozen({
	/**
	 * Driver and radio from start to the first frame, after deep sleep: there the calibration is kept.
	 * Source: glenn20/upy-esp32-experiments, "ESPNow vs Wifi": 119 ms with one frame sent less 70 ms without radio, less 7 of NVS.
	 */
	start: 42,
	/** The same after any other reset, with the calibration from flash. Source: logs, "phy_init" to "mode : sta", 100 … 110. */
	coldStart: 110,
	/**
	 * The key of the network out of its passphrase: 16,384 compressions of SHA-1 (PBKDF2 with 4,096 rounds for 2 blocks, two of an
	 * HMAC each; IEEE 802.11-2020 §J.4) at 1,250 instructions, 160 MHz. Arithmetic; ESP-IDF 4's logs show 750, "new:" to
	 * "init -> auth". Once after a power loss: `esp32/station-esp32.c` keeps it in RTC memory.
	 */
	key: 128,
	/**
	 * On a channel of a hinted join, as `esp32/station-esp32.c` sets it. Access points answer a probe in some 5: Thorsten von
	 * Eicken, "ESP8266 with Optimized Periodic Wake-up" (2018), packet trace.
	 */
	hintDwell: 30,
	/** On each channel of a scan. Source: ESP-IDF 6.0, "Wi-Fi Driver", scan configuration: 120 by default. */
	scanDwell: 120,
	/** Authentication and association. Source: logs, "init -> auth" to "assoc -> run", 0 … 50, mostly 20. */
	associate: 20,
	/** Four-way handshake of WPA2. Source: logs, "assoc -> run" to "connected", 10 … 50. */
	handshake: 30,
	/**
	 * Until an access point gives a station up whose passphrase is wrong: four messages, 100 ms after the first and 1 s after each
	 * other one. Source: hostapd, src/ap/wpa_auth.c (eapol_key_timeout_first, eapol_key_timeout_subseq, update count 4).
	 */
	refusal: 3100,
	/** One way over the air and through the access point, with its queues. An assumption: half of a ping of some 4. */
	hop: 2,
	/** A DHCP server on an access point, for each of its answers. An assumption. */
	dhcpServer: 15,
	/** lwIP's check whether anybody else has the offered address. Source: ESP-IDF 6.0, components/lwip/Kconfig: "lasts 1 - 2 seconds". */
	arpCheck: 1000,
	/** Until a station without beacons gives up. Source: ESP-IDF 6.0, esp_wifi_set_inactive_time: 6 s by default. */
	beaconTimeout: 6000,
	/** The air time of one management or EAPOL frame at 1 Mbit/s: preamble 0.192, 100 bytes 0.8. Source: IEEE 802.11-2020 §15.2. */
	managementFrame: 1,
	/** The air time of one data frame of some hundred bytes with its acknowledgement, at 6 … 54 Mbit/s: between 0.1 and 0.4. */
	dataFrame: 0.3,
});

/** Channels that are scanned. Source: ESP-IDF's default country "01": 1 … 11 actively; 12 and 13 count alike here. */
export const CHANNELS = 13;
