// Where things are.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const HERE = join(ROOT, 'tests/dashboards');
export const DASHBOARDS = join(ROOT, 'dashboards');
/** Recording rules that dashboards read. */
export const RULES = join(ROOT, 'alerts/logagent.rules.yml');
/** Scrapes of the real exporter, kept by `cargo test --test it scrapes`. */
export const SCRAPES = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'tmp/scrapes');
/** Screenshots and reports. */
export const OUT = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'dashboards');

export const NAMES = ['fleet', 'host', 'exporter'];

/** A program of the Prometheus package: `make test-deps` unpacks it. */
export const program = (name) => {
  const path = join(process.env.PROMETHEUS_DIR ?? join(ROOT, '.cache/prometheus'), name);
  if (!existsSync(path)) throw new Error(`${path} is missing; run \`make test-deps\``);
  return path;
};
