// A real Prometheus over data that is written to its directory beforehand.

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { parse, stringify } from 'yaml';

import { program } from './paths.mjs';

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const promtool = (...parameters) => {
  const { status, stderr, stdout } = spawnSync(program('promtool'), parameters, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`promtool ${parameters.join(' ')}: ${stderr || stdout}`);
};

/** Writes the samples of an OpenMetrics file as blocks. */
export const backfill = (file, directory) => {
  mkdirSync(directory, { recursive: true });
  promtool('tsdb', 'create-blocks-from', 'openmetrics', file, directory);
};

/** Prometheus over `directory`; `rules` are files that it evaluates, `flags` are added to its command line. */
export const prometheus = async (directory, { rules = [], evaluation = '15s', external = {}, flags = [] } = {}) => {
  mkdirSync(directory, { recursive: true });
  const config = join(directory, 'prometheus.yml');
  const configure = (files) => writeFileSync(config, stringify({ global: { evaluation_interval: evaluation, external_labels: external }, rule_files: files }));
  configure(rules);
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(program('prometheus'), [
    `--config.file=${config}`, `--storage.tsdb.path=${directory}`, '--storage.tsdb.retention.time=10y', `--web.listen-address=${address}`,
    '--log.level=warn', '--query.lookback-delta=5m', ...flags,
  ], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk) => { log += chunk; });
  const ended = new Promise((resolve) => { child.once('exit', resolve); });
  const self = {
    url: `http://${address}`,
    pid: child.pid,
    async get(path, parameters = {}) {
      const response = await fetch(`http://${address}/api/v1/${path}`, { method: 'POST', body: new URLSearchParams(parameters) });
      const answer = await response.json();
      if (answer.status !== 'success') throw new Error(`${answer.error} in ${JSON.stringify(parameters)}`);
      return answer.data;
    },
    /** The result of an instant query: `[{ metric, value: [time, text] }]`. */
    async query(expr, time) {
      return (await self.get('query', { query: expr, time: String(time) })).result;
    },
    /** The one number that a query gives. */
    async number(expr, time) {
      const result = await self.query(expr, time);
      if (result.length !== 1) throw new Error(`${result.length} series instead of one: ${expr}`);
      return Number(result[0].value[1]);
    },
    /** From now on it evaluates these files. Wants the flag --web.enable-lifecycle. */
    async evaluate(files) {
      configure(files);
      const response = await fetch(`http://${address}/-/reload`, { method: 'POST' });
      if (!response.ok) throw new Error(`reload: ${await response.text()}`);
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
  const deadline = Date.now() + 120_000;
  while (!(await fetch(`http://${address}/-/ready`).then((response) => response.ok, () => false))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`Prometheus does not start: ${log}`);
    await sleep(30);
  }
  return self;
};

/** The recording rules of a file, in groups of which each reads only what the ones before it record. */
const stages = (file) => {
  const rules = parse(readFileSync(file, 'utf8')).groups.flatMap((group) => group.rules).filter((rule) => rule.record);
  const names = new Set(rules.map((rule) => rule.record));
  const level = (name, path = []) => {
    if (path.includes(name)) throw new Error(`rules read each other: ${path.join(', ')}`);
    const read = rules.filter((rule) => rule.record === name).flatMap((rule) => rule.expr.match(/[a-zA-Z_:][\w:]*/g).filter((word) => names.has(word)));
    return read.length ? 1 + Math.max(...read.map((one) => level(one, [...path, name]))) : 0;
  };
  const list = [];
  for (const rule of rules) (list[level(rule.record)] ??= []).push(rule);
  return list;
};

/** Evaluates the recording rules of a file over a time that has passed, and writes what they record as blocks. */
export const record = async (directory, file, from, to, step) => {
  for (const [index, rules] of stages(file).entries()) {
    const stage = join(directory, `stage-${index}.yml`);
    const fresh = join(directory, `stage-${index}`);
    writeFileSync(stage, stringify({ groups: [{ name: `stage-${index}`, interval: `${step}s`, rules }] }));
    const server = await prometheus(directory);
    try {
      promtool('tsdb', 'create-blocks-from', 'rules', `--start=${from}`, `--end=${to}`, `--url=${server.url}`, `--eval-interval=${step}s`, `--output-dir=${fresh}`, stage);
    } finally {
      await server.stop();
    }
    const moved = spawnSync('sh', ['-c', `mv "${fresh}"/0* "${directory}"/`], { encoding: 'utf8' });
    if (moved.status !== 0) throw new Error(`nothing was recorded by ${stage}: ${moved.stderr}`);
    rmSync(fresh, { recursive: true });
  }
};
