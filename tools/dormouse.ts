import { DormouseError } from "../modules/core/errors.js";
import { codec } from "./codec/command.js";
import { decode } from "./decode/command.js";
import { flash } from "./device/command.js";
import { discovery } from "./discovery.js";
import { monitor } from "./monitor/command.js";
import { provision } from "./provision/command.js";
import { simulate } from "./simulate/command.js";
import { size } from "./size.js";
import { verify } from "./verify/command.js";

const HELP = `dormouse: firmware for sleeping sensor nodes, and its simulator

  dormouse simulate [options]   run a node on a simulated board (npm start -- [options])
  dormouse flash [options]      build it with the Moddable SDK, and write it to a board (npm run flash -- [options])
  dormouse provision [options]  give a board its names, passwords and keys (npm run provision -- [options])
  dormouse size [options]       what a node costs in RAM, flash and work (npm run size -- [options])
  dormouse codec [options]      a decoder of its frames for The Things Stack or ChirpStack
  dormouse decode [options]     what it sent, as lines, SenML-JSON or InfluxDB line protocol
  dormouse monitor [options]    what a fleet sends to a broker, live
  dormouse discovery [options]  what a node announces to Home Assistant
  dormouse verify [options]     whether a tamper-evident log is what its node wrote

Each command explains itself with --help.
`;

/** Exit status for what the user can mend: an option, a file, a declaration. */
const USAGE = 2;

async function main([command, ...rest]: readonly string[]): Promise<number> {
	if (command === "simulate") return simulate(rest);
	if (command === "flash") return flash(rest);
	if (command === "provision") return provision(rest);
	if (command === "size") return size(rest);
	if (command === "codec") return codec(rest);
	if (command === "decode") return decode(rest);
	if (command === "monitor") return monitor(rest);
	if (command === "discovery") return discovery(rest);
	if (command === "verify") return verify(rest);
	if (command === undefined || command === "--help" || command === "help") {
		process.stdout.write(HELP);
		return 0;
	}
	throw new DormouseError("declaration", `no command "${command}"; dormouse --help lists them`);
}

// A reader that closes early, such as `head`, is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code === "EPIPE") process.exit(0);
	process.stderr.write(`dormouse: standard output: ${error.message}\n`);
	process.exit(1);
});
// Firmware has no promises; a node file that makes one dies like this on the Node engine.
process.on("unhandledRejection", (reason) => {
	process.stderr.write(
		`dormouse: a promise was rejected and nobody heard: ${String((reason as Error)?.message ?? reason)}\n`,
	);
	process.exit(1);
});

try {
	process.exitCode = await main(process.argv.slice(2));
} catch (error) {
	if (!(error instanceof DormouseError)) throw error;
	process.stderr.write(`dormouse: ${error.message}\n`);
	process.exitCode = USAGE;
}
