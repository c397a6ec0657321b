// Writes dashboards/*.json, or with --check lists those that would change.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import exporter from './exporter.mjs';
import fleet from './fleet.mjs';
import host from './host.mjs';

const dashboards = { fleet, host, exporter };

let different = 0;
for (const [name, dashboard] of Object.entries(dashboards)) {
  const path = fileURLToPath(new URL(`../${name}.json`, import.meta.url));
  const json = `${JSON.stringify(dashboard, null, 2)}\n`;
  if (!process.argv.includes('--check')) {
    writeFileSync(path, json);
  } else if (json !== readFileSync(path, 'utf8')) {
    console.error(`dashboards/${name}.json is not what dashboards/generator renders; run \`make dashboards\``);
    different += 1;
  }
}
process.exitCode = different ? 1 : 0;
