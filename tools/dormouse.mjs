#!/usr/bin/env node
// The `dormouse` command. Everything else is TypeScript, which tsx loads.
import { register } from "tsx/esm/api";

register();
await import("./dormouse.ts");
