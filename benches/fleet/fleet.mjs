// One real Prometheus with the data of 1,000 and of 10,000 hosts, most of them healthy, and then all of them failing:
// the cost of the rules and dashboards.
//
//   node benches/fleet/fleet.mjs [HOSTS…]      default 1000 10000; writes docs/fleet.md and benches/fleet/goals.md if run with the default
//
// Real scrapes (see tests/dashboards) are multiplied into a fleet and written by remote write, host by host: six hours of the
// status series once a minute, then all series for ten minutes at 15 s. They are then where those of a scrape would be, in
// Prometheus' head, which is what rules read. Prometheus evaluates the shipped rules by its own schedule, and reports
// how long each took. What was recorded is continued six hours into the past, and the queries of every panel of the
// dashboards of the fleet and of exporters are timed over these six hours.

import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { loadavg, setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { FLEETS, history, hosts, scrapes, series } from '../../tests/dashboards/lib/fleet.mjs';
import { DASHBOARDS, OUT, ROOT } from '../../tests/dashboards/lib/paths.mjs';
import { backfill, prometheus } from '../../tests/dashboards/lib/prometheus.mjs';
import { read } from '../../tests/dashboards/lib/promql.mjs';
import { encode, send } from './remote.mjs';
import { CYCLE, HISTORY, RAW, STEP, WINDOW, report } from './report.mjs';

const RULES = readdirSync(join(ROOT, 'alerts')).filter((file) => file.endsWith('.rules.yml')).map((file) => join(ROOT, 'alerts', file));
const FLAGS = ['--web.enable-remote-write-receiver', '--web.enable-admin-api', '--web.enable-lifecycle'];

const say = (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
const seconds = () => Math.floor(Date.now() / 1000);

/** Waits until `ready` says so, at most `limit` seconds. */
const until = async (what, limit, ready) => {
  for (const deadline = seconds() + limit; !(await ready()); await sleep(1000)) {
    if (seconds() > deadline) throw new Error(`not within ${limit} s: ${what}`);
  }
};

/** Prometheus' metrics about itself: `{ name{labels}: value }`. */
const own = async (server) => Object.fromEntries((await (await fetch(`${server.url}/metrics`)).text()).split('\n').filter((line) => line && !line.startsWith('#')).map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));

/** Before all other work on the machine, which is not what is measured; only root may ask for that. */
const prefer = ({ pid }) => {
  if (process.getuid() !== 0) return;
  // Linux has a priority for each thread; later ones inherit it.
  for (const thread of readdirSync(`/proc/${pid}/task`)) setPriority(Number(thread), -10);
};

/** What each host shows in an outage: two critical causes at once, one of the network and one of the config. */
const outage = (known) => [...known.connection_timeout, ...known.user_identifier_missing.filter(({ name }) => name.startsWith('logagent_problem'))];

/** A fleet in which one host of 33 has a problem of each kind that the mixed fleet has; or in which all have had two, for ten minutes. */
const fleet = (count, kind, to) => {
  const list = hosts(count, ['logtail']);
  if (kind === 'outage') {
    for (const host of list) host.incidents.push({ scrape: 'outage', from: to - RAW });
    return list;
  }
  for (let first = 0; first + 33 <= count; first += 330) FLEETS.mixed(list.slice(first, first + 33), to);
  return list;
};

/** Sends a time of some hosts' series, a few hosts at once, so that no more than these are in memory. */
const feed = async (server, list, known, options) => {
  const sum = { series: 0, samples: 0 };
  for (let first = 0; first < list.length; first += 25) {
    const message = [];
    for (const host of list.slice(first, first + 25)) {
      for (const one of history(host, known, options)) {
        sum.series += 1;
        sum.samples += one.points.length;
        message.push(encode(one));
      }
    }
    await send(server, message);
  }
  return sum;
};

/** What Prometheus says of each evaluation of each group within the window. */
const evaluations = async (server) => {
  const groups = new Map();
  const begun = Date.now();
  while (Date.now() < begun + WINDOW * 1000) {
    await sleep(3000);
    const { data } = await (await fetch(`${server.url}/api/v1/rules`)).json();
    for (const group of data.groups) {
      const failed = group.rules.find(({ health }) => health === 'err');
      if (failed) throw new Error(`${failed.name} fails: ${failed.lastError}`);
      const known = groups.get(group.name) ?? { name: group.name, interval: group.interval, rounds: [], rules: group.rules.map(({ name, labels }) => ({ name, labels, times: [] })) };
      groups.set(group.name, known);
      if (Date.parse(group.lastEvaluation) < begun || known.rounds.at(-1)?.at === group.lastEvaluation) continue;
      known.rounds.push({ at: group.lastEvaluation, cycle: Math.floor((Date.parse(group.lastEvaluation) - begun) / 1000 / CYCLE), took: group.evaluationTime });
      group.rules.forEach((rule, index) => known.rules[index].times.push(rule.evaluationTime));
    }
  }
  const none = [...groups.values()].filter(({ rounds }) => rounds.length === 0).map(({ name }) => name);
  if (none.length) throw new Error(`not evaluated within ${WINDOW} s: ${none}`);
  return [...groups.values()];
};

/** Series that each rule reads in one evaluation, by the group's name; unlike a time, it is the same on every machine. */
const reads = async (server, time) => {
  const [sizes, groups] = [new Map(), new Map()];
  const size = async (selector) => {
    if (!sizes.has(selector)) sizes.set(selector, Number((await server.query(`count(${selector})`, time))[0]?.value[1] ?? 0));
    return sizes.get(selector);
  };
  const { data } = await (await fetch(`${server.url}/api/v1/rules`)).json();
  for (const group of data.groups) {
    const list = [];
    for (const { query } of group.rules) {
      let sum = 0;
      for (const { text } of read(query).selectors) sum += await size(text);
      list.push(sum);
    }
    groups.set(group.name, list);
  }
  return groups;
};

/** The past of what was recorded, as a block. Values go up and down a little, so that they cost what they cost. */
const past = (directory, recorded, from, to) => {
  const file = join(directory, 'recorded.om');
  const out = openSync(file, 'w');
  for (const { metric: { __name__: name, ...labels }, value } of recorded) {
    const change = /ratio|timestamp/.test(name) ? 0 : 1;
    const prefix = series(name, labels);
    writeSync(out, Array.from({ length: Math.floor((to - from) / 60) }, (_, index) => `${prefix} ${Number(value[1]) + change * (index % 3)} ${from + index * 60}\n`).join(''));
  }
  writeSync(out, '# EOF\n');
  closeSync(out);
  backfill(file, directory);
  rmSync(file);
};

const variables = (expr) => expr.replaceAll('|$cluster', '.*').replaceAll('$job', 'logagent-exporter').replaceAll('$instance', '.+').replaceAll('$cause', '.+').replaceAll('$__rate_interval', '60s').replaceAll('$__range', `${HISTORY}s`);

/** Times every query of a dashboard. */
const panels = async (server, dashboard, to) => {
  const list = [];
  for (const { title, targets = [] } of JSON.parse(readFileSync(join(DASHBOARDS, `${dashboard}.json`), 'utf8')).panels) {
    for (const { expr, instant } of targets) {
      const times = [];
      let result;
      for (let run = 0; run < 3; run += 1) {
        const begun = performance.now();
        result = instant
          ? await server.get('query', { query: variables(expr), time: String(to) })
          : await server.get('query_range', { query: variables(expr), start: String(to - HISTORY), end: String(to), step: '30' });
        times.push((performance.now() - begun) / 1000);
      }
      list.push({ title, expr, first: times[0], best: Math.min(...times), series: result.result.length });
    }
  }
  return list;
};

/** Bytes and samples of all that is in the head, as a block. */
const block = async (server, directory) => {
  const { name } = await server.get('admin/tsdb/snapshot', {});
  const snapshot = join(directory, 'snapshots', name);
  // Earlier blocks hold the status series only; the head has the newest.
  const all = readdirSync(snapshot).map((one) => join(snapshot, one)).map((path) => ({ path, ...JSON.parse(readFileSync(join(path, 'meta.json'), 'utf8')) }));
  const { path, stats } = all.sort((a, b) => b.maxTime - a.maxTime)[0];
  const bytes = Number(spawnSync('du', ['-sb', path], { encoding: 'utf8' }).stdout.split('\t')[0]);
  rmSync(snapshot, { recursive: true });
  return { bytes, samples: stats.numSamples };
};

const measure = async (count, kind) => {
  const directory = join(OUT, '../fleet', String(count));
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const started = seconds();
  const load = [loadavg()[0]];
  const server = await prometheus(directory, { evaluation: `${CYCLE}s`, flags: FLAGS });
  try {
    prefer(server);
    const known = scrapes();
    known.outage = outage(known);
    // Rules look back five minutes. Half of the ten minutes is still to come when the writing begins, so that there are samples
    // for as long as the rules are watched.
    const [from, to] = [started - RAW / 2, started + RAW / 2];
    const list = fleet(count, kind, to);
    // Prometheus accepts samples at most an hour older than the newest: all hosts are written hour by hour.
    const keep = (name) => name === 'logagent_status';
    for (let hour = from - HISTORY; hour < from - 60; hour += 3000) await feed(server, list, known, { from: hour, to: Math.min(hour + 2940, from - 60), step: 60, keep });
    const raw = await feed(server, list, known, { from, to, step: STEP });
    const fed = seconds() - started;
    say(`${count} hosts, ${kind}: ${raw.series} series, ${raw.samples} samples written in ${fed} s`);
    if (seconds() + WINDOW > to + 290) throw new Error(`it took ${fed} s to write ${count} hosts, so that the samples end before the rules have been watched for ${WINDOW} s: run it on a machine that does less`);
    // Prometheus' compaction every two hours must not coincide with the measurement.
    await until('blocks of the first hours', 120, async () => (await own(server)).prometheus_tsdb_head_min_time > (from - HISTORY + 7200) * 1000);
    await server.evaluate(RULES);
    const begun = seconds();
    const before = await own(server);
    const groups = await evaluations(server);
    const after = await own(server);
    const memory = after.process_resident_memory_bytes;
    const cpu = (after.process_cpu_seconds_total - before.process_cpu_seconds_total) / WINDOW;
    const end = seconds();
    const recorded = await server.query('{__name__=~".+:.+"}', end);
    const alerts = await server.query('ALERTS', end);
    const sizes = await reads(server, end);
    for (const group of groups) group.reads = sizes.get(group.name);
    say(`${count} hosts, ${kind}: rules recorded ${recorded.length} series, ${alerts.length} alerts stand`);
    load.push(loadavg()[0]);
    const loaded = (await own(server)).prometheus_tsdb_blocks_loaded;
    // Before an outage there was nothing to record of each host.
    const lasting = recorded.filter(({ metric }) => kind !== 'outage' || !metric.instance);
    past(directory, lasting, from - HISTORY, begun - 15);
    await until('six hours of what was recorded', 120, async () => (await own(server)).prometheus_tsdb_blocks_loaded > loaded);
    const [queries, exporters] = [await panels(server, 'fleet', end), await panels(server, 'exporter', end)];
    say(`${count} hosts, ${kind}: ${queries.length + exporters.length} queries timed`);
    const size = await block(server, directory);
    load.push(loadavg()[0]);
    return { count, kind, cpu, exporters, raw, size, groups, recorded: recorded.length, alerts: alerts.length, panels: queries, memory, took: seconds() - started, load };
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
};

const chosen = process.argv.slice(2).map(Number);
const counts = chosen.length ? chosen : [1000, 10000];
const [runs, failures] = [[], []];
for (const [count, kind] of [...counts.map((count) => [count, 'healthy']), [counts.at(-1), 'outage']]) {
  try {
    runs.push(await measure(count, kind));
  } catch (error) {
    failures.push(`${count} hosts, ${kind}: ${error.message}`);
    say(failures.at(-1));
  }
}
if (runs.length) {
  const { document, goals } = report(runs, failures);
  process.stdout.write(`${document}\n${goals}`);
  if (chosen.length === 0) {
    writeFileSync(join(ROOT, 'docs/fleet.md'), document);
    writeFileSync(join(ROOT, 'benches/fleet/goals.md'), goals);
  }
}
if (failures.length) process.exitCode = 1;
