/**
 * SenML unit symbols that a quantity may carry: RFC 8428 §12.1 (without those marked "not recommended"), and the
 * additions and secondary units of RFC 8798 §3 and §4. One text: as an array they would take four times the flash.
 */
const UNITS =
	// RFC 8428 §12.1
	" m kg s A K cd mol Hz rad sr N Pa J W C V F Ohm S Wb T H Cel lm lx Bq Gy Sv kat m2 m3 m/s m/s2 m3/s W/m2 cd/m2 " +
	"bit bit/s lat lon pH dB dBW count / %RH %EL EL 1/s beats S/m " +
	// RFC 8798 §3
	"B VA VAs var vars J/m kg/m3 deg " +
	// RFC 8798 §4: secondary units
	"ms min h MHz kW kVA kvar Ah Wh kWh varh kvarh kVAh Wh/km KiB GB Mbit/s B/s MB/s mV mA dBm ug/m3 mm/h m/h ppm " +
	"/100 /1000 hPa mm cm km km/h ";

/** Whether `symbol` is a SenML unit that this project knows. Symbols are case-sensitive: `Cel`, `%RH`, `hPa`. */
export function isUnit(symbol: string): boolean {
	return !symbol.includes(" ") && UNITS.includes(` ${symbol} `);
}

/** The known symbol that differs from `symbol` in case only, or that is meant by a common name such as "°C". */
export function suggestUnit(symbol: string): string | undefined {
	const wanted = symbol.toLowerCase();
	const common = COMMON.indexOf(` ${wanted}=`);
	if (common >= 0) return COMMON.slice(common + wanted.length + 2).split(" ", 1)[0];
	return UNITS.split(" ").find((unit) => unit !== "" && unit.toLowerCase() === wanted);
}

const COMMON =
	" °c=Cel c=Cel celsius=Cel degc=Cel %=%RH rh=%RH percent=%RH mbar=hPa volt=V volts=V lux=lx ohm=Ohm kelvin=K ";
