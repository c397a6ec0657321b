// One real Prometheus with the data of 1,000 and of 10,000 hosts: what the rules and the fleet's dashboard cost.
//
//   node benches/fleet/fleet.mjs [HOSTS…]      default 1000 10000; writes docs/fleet.md if run with the default
//
// All series of ten minutes at 15 s are made of real scrapes (see tests/dashboards) and written as a block. Prometheus then
// evaluates the shipped rules on its own schedule, and its own metrics tell how long that took. What the rules have recorded
// is continued six hours into the past, once a minute, together with the status series, and the queries of every panel of the
// fleet's dashboard are timed over those six hours.

import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { FLEETS, hosts, scrapes, write } from '../../tests/dashboards/lib/fleet.mjs';
import { DASHBOARDS, OUT, ROOT } from '../../tests/dashboards/lib/paths.mjs';
import { backfill, prometheus } from '../../tests/dashboards/lib/prometheus.mjs';

const [RAW, HISTORY] = [600, 6 * 3600];
const EVALUATION = 15;
const RULES = readdirSync(join(ROOT, 'alerts')).filter((file) => file.endsWith('.rules.yml')).map((file) => join(ROOT, 'alerts', file));

const say = (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
const seconds = () => Math.floor(Date.now() / 1000);

/** Bytes of all blocks below a directory. */
const blocks = (directory) => readdirSync(directory).filter((name) => name.startsWith('0')).map((name) => Number(spawnSync('du', ['-sb', join(directory, name)], { encoding: 'utf8' }).stdout.split('\t')[0])).reduce((a, b) => a + b, 0);

/** Prometheus' metrics about itself: `{ name{labels}: value }`. */
const own = async (server) => Object.fromEntries((await (await fetch(`${server.url}/metrics`)).text()).split('\n').filter((line) => line && !line.startsWith('#')).map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));

/** A fleet in which one host of 33 has a problem of each kind that the mixed fleet has. */
const fleet = (count, to) => {
  const list = hosts(count, ['logtail']);
  for (let first = 0; first + 33 <= count; first += 330) FLEETS.mixed(list.slice(first, first + 33), to);
  return list;
};

const series = ({ __name__, ...labels }) => `${__name__}{${Object.entries(labels).map(([key, text]) => `${key}="${text}"`).join(',')}}`;

const variables = (expr) => expr.replaceAll('$cluster', '.*').replaceAll('$__rate_interval', '60s').replaceAll('$__range', `${HISTORY}s`);

const measure = async (count, budget) => {
  const directory = join(OUT, '../fleet', String(count));
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const text = join(directory, 'data.om');
  const started = seconds();
  // Rules read what is at most five minutes old, and write after what is there: the data ends when all is prepared.
  const to = started + budget;
  const list = fleet(count, to);
  const known = scrapes();
  const raw = write(text, list, known, { from: to - RAW, to, step: EVALUATION });
  say(`${count} hosts: ${raw.series} series, ${raw.samples} samples written as text`);
  backfill(text, directory);
  rmSync(text);
  const took = seconds() - started;
  const bytes = blocks(directory);
  say(`${count} hosts: blocks of ${bytes} bytes, after ${took} s of ${budget} s`);
  if (took > budget + 120) throw new Error(`it took ${took} s to prepare ${count} hosts, planned were ${budget} s: the data is too old; run again on a machine that does less`);
  await sleep(Math.max(0, to - seconds() + 1) * 1000);

  let server = await prometheus(directory, { rules: RULES, evaluation: `${EVALUATION}s` });
  const rounds = 4;
  let metrics;
  const durations = {};
  let recorded;
  try {
    const seen = {};
    const deadline = Date.now() + 280_000;
    do {
      await sleep(1000);
      metrics = await own(server);
      for (const [key, value] of Object.entries(metrics)) {
        const group = /^prometheus_rule_group_last_duration_seconds\{rule_group="(?:.*;)?(.*)"\}$/.exec(key)?.[1];
        if (!group) continue;
        const iterations = Object.entries(metrics).find(([name]) => name.startsWith('prometheus_rule_group_iterations_total') && name.endsWith(`;${group}"}`))[1];
        if (iterations > (seen[group] ?? 0)) {
          seen[group] = iterations;
          (durations[group] ??= []).push(value);
        }
      }
      if (Date.now() > deadline) throw new Error(`the rules were not evaluated ${rounds} times: ${JSON.stringify(seen)}`);
    } while (Object.keys(durations).length === 0 || Object.values(durations).some((all) => all.length < rounds));
    const failed = Object.entries(metrics).filter(([key, value]) => key.startsWith('prometheus_rule_evaluation_failures_total') && value > 0);
    if (failed.length) throw new Error(`rules failed: ${JSON.stringify(failed)}`);
    recorded = await server.query('{__name__=~".+:.+"}', seconds());
    say(`${count} hosts: rules recorded ${recorded.length} series`);
  } finally {
    await server.stop();
  }

  // The past of what was recorded, and of the status series. Values go up and down a little, so that they cost what they cost.
  write(text, list, known, { from: to - HISTORY, to: to - RAW - 60, step: 60, keep: (name) => name === 'logagent_status' });
  truncateSync(text, statSync(text).size - '# EOF\n'.length);
  const lines = [];
  const flush = () => { appendFileSync(text, lines.join('')); lines.length = 0; };
  for (const { metric, value } of recorded) {
    const change = /ratio|timestamp/.test(metric.__name__) ? 0 : 1;
    for (let time = to - HISTORY; time < to; time += 60) lines.push(`${series(metric)} ${Number(value[1]) + change * ((time / 60) % 3)} ${time}\n`);
    if (lines.length > 50_000) flush();
  }
  // The last sample is what the rules really said.
  for (const { metric, value } of recorded) lines.push(`${series(metric)} ${value[1]} ${to}\n`);
  lines.push('# EOF\n');
  flush();
  // Prometheus' own head has recorded since `to`; it is left out, so that the queries read one past.
  rmSync(join(directory, 'wal'), { recursive: true, force: true });
  rmSync(join(directory, 'chunks_head'), { recursive: true, force: true });
  backfill(text, directory);
  rmSync(text);
  say(`${count} hosts: six hours of history written`);

  server = await prometheus(directory);
  const panels = [];
  try {
    const dashboard = JSON.parse(readFileSync(join(DASHBOARDS, 'fleet.json'), 'utf8'));
    for (const { title, targets = [] } of dashboard.panels) {
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
        panels.push({ title, expr, first: times[0], best: Math.min(...times), series: result.result.length });
      }
    }
    metrics = await own(server);
  } finally {
    await server.stop();
  }
  rmSync(directory, { recursive: true, force: true });
  return { count, raw, took, bytes, durations, recorded: recorded.length, panels, memory: metrics.process_resident_memory_bytes };
};

const number = (value, digits = 0) => value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const ms = (value) => `${number(value * 1000, value < 0.01 ? 1 : 0)} ms`;

const report = (runs) => {
  const rows = [];
  const row = (what, get, show) => {
    const values = runs.map(get);
    rows.push([what, ...values.map(show), runs.length > 1 ? `×${number(values.at(-1) / values[0], 1)}` : '']);
  };
  row('Series per host', ({ raw, count }) => raw.series / count, (value) => number(value, 1));
  row('Series', ({ raw }) => raw.series, (value) => number(value));
  row('Bytes per host and day, at 15 s', ({ bytes, raw, count }) => (bytes / raw.samples) * (raw.samples / count / (RAW / EVALUATION + 1)) * (86400 / EVALUATION), (value) => `${number(value / 1048576, 2)} MiB`);
  row('Bytes per sample (block of 10 min, with its index)', ({ bytes, raw }) => bytes / raw.samples, (value) => number(value, 2));
  row('Recorded series', ({ recorded }) => recorded, (value) => number(value));
  const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];
  const evaluation = (chosen) => ({ durations }) => Object.entries(durations).filter(([group]) => chosen(group)).reduce((sum, [, all]) => sum + median(all), 0);
  // The alerts of single causes are in one group per prerequisite.
  const byHand = Object.keys(runs[0].durations).filter((group) => group.includes('.'));
  for (const group of byHand) row(`Rules, group \`${group}\``, evaluation((one) => one === group), ms);
  row('Rules, alerts of single causes', evaluation((one) => !byHand.includes(one)), ms);
  row('Rules, one cycle of all', evaluation(() => true), ms);
  const slowest = (run) => Math.max(...run.panels.map(({ best }) => best));
  row('Fleet dashboard, all queries one after the other', ({ panels }) => panels.reduce((sum, { best }) => sum + best, 0), ms);
  row('Fleet dashboard, slowest query', slowest, ms);
  row('Fleet dashboard, slowest query, first time', ({ panels }) => Math.max(...panels.map(({ first }) => first)), ms);
  row('Prometheus, resident memory after the queries', ({ memory }) => memory, (value) => `${number(value / 1048576)} MiB`);
  const table = (head, body) => [head, head.map((_, index) => (index ? '--:' : '---')), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const last = runs.at(-1);
  const worst = [...last.panels].sort((a, b) => b.best - a.best).slice(0, 8);
  return `# The cost of a fleet

Measured by \`make bench-fleet\`: one real Prometheus (Debian's 2.42) with the data of a whole fleet, made of real scrapes, one Logtail agent with five URLs per host, and
about one host in 30 with a problem. All series: ten minutes at ${EVALUATION} s; recorded and status series: six hours at one minute. The rules are those of \`alerts/\`, evaluated by Prometheus
each 15 s; their times are Prometheus' own metrics, medians of four. Queries are those of the panels of the *Fleet* dashboard over six hours, best of three. Machine: ${cpus().length} cores (${cpus()[0].model.trim()}), shared
with other work at the time.

${table(['', ...runs.map(({ count }) => `${number(count)} hosts`), 'growth'], rows)}

The slowest queries of the *Fleet* dashboard with ${number(last.count)} hosts:

${table(['Panel', 'series', 'first', 'best of 3'], worst.map(({ title, series, first, best }) => [title, number(series), ms(first), ms(best)]))}
`;
};

const counts = process.argv.slice(2).map(Number);
const runs = [];
// To write and to index a thousand hosts takes less than this on two cores; ten thousand take about ten times what they took.
let budget = 120;
for (const count of counts.length ? counts : [1000, 10000]) {
  if (runs.length) budget = Math.ceil((runs.at(-1).took * count * 1.3) / runs.at(-1).count) + 30;
  runs.push(await measure(count, budget));
}
const text = report(runs);
process.stdout.write(text);
if (counts.length === 0) writeFileSync(join(ROOT, 'docs/fleet.md'), text);
