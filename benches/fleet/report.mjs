// What was measured, as docs/fleet.md.

import { spawnSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';

import { program } from '../../tests/dashboards/lib/paths.mjs';

/** Seconds: between scrapes, and of the two times that are written. */
export const [STEP, RAW, HISTORY] = [15, 600, 6 * 3600];
/** Seconds: the evaluation interval of rules that have none of their own, and how long all are watched: the slowest twice. */
export const [CYCLE, WINDOW] = [15, 242];
/** Seconds that the rules of a cycle, and a query of a panel, may take. */
const [CYCLE_LIMIT, QUERY_LIMIT] = [1, 1];

const number = (value, digits = 0) => value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const ms = (value) => `${number(value * 1000, value < 0.01 ? 1 : 0)} ms`;
const sum = (all) => all.reduce((a, b) => a + b, 0);
const median = (all) => {
  const sorted = [...all].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.floor(sorted.length / 2)]) / 2;
};
const table = (head, body) => [head, head.map((_, index) => (index ? '--:' : '---')), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const every = (interval) => (interval % 60 ? `${interval} s` : `${interval / 60} min`);
const usual = ({ rounds }) => median(rounds.map(({ took }) => took));

/** Seconds of rules in each cycle of the window: which groups are due in it is Prometheus' choice. */
const cycles = ({ groups }) => {
  // The last one is not complete.
  const all = Array.from({ length: Math.floor(WINDOW / CYCLE) }, () => 0);
  for (const { rounds } of groups) for (const { cycle, took } of rounds) if (cycle < all.length) all[cycle] += took;
  return all;
};
const slowest = (run) => run.groups.reduce((a, b) => (usual(a) > usual(b) ? a : b));
const worst = ({ panels }) => panels.reduce((a, b) => (a.best > b.best ? a : b));

/** The alerts of single causes are in one group per prerequisite; here they are one. */
const grouped = ({ groups }) => {
  const causes = groups.filter(({ name }) => !name.includes('.'));
  return [
    ...groups.filter(({ name }) => name.includes('.')).map((group) => ({ name: `\`${group.name}\``, interval: group.interval, usual: usual(group), most: Math.max(...group.rounds.map(({ took }) => took)) })),
    { name: `alerts of single causes, ${causes.length} groups`, interval: causes[0].interval, usual: sum(causes.map(usual)), most: sum(causes.map(({ rounds }) => Math.max(...rounds.map(({ took }) => took)))) },
  ].sort((a, b) => b.usual - a.usual);
};

const goals = (run) => {
  const hosts = `${number(run.count)} hosts: `;
  const all = sum(run.groups.map(usual));
  const goal = (what, limit, value) => [hosts + what, `< ${limit} s`, ms(value), value < limit ? 'met' : '**missed**'];
  return table(['', 'goal', 'measured', ''], [
    goal(`rules of a cycle of ${CYCLE} s, on average`, CYCLE_LIMIT, sum(cycles(run)) / cycles(run).length),
    goal(`rules of a cycle of ${CYCLE} s, the most in any`, CYCLE_LIMIT, Math.max(...cycles(run))),
    goal('the slowest group, median', CYCLE_LIMIT, usual(slowest(run))),
    goal('all rules, if all were due in one cycle', CYCLE_LIMIT, all),
    goal('the slowest query of the *Fleet* dashboard over six hours', QUERY_LIMIT, worst(run).best),
  ]);
};

const costs = (runs) => {
  const rows = [];
  const row = (what, get, show) => {
    const values = runs.map(get);
    rows.push([what, ...values.map(show), ...(runs.length > 1 ? [values[0] ? `×${number(values.at(-1) / values[0], 1)}` : ''] : [])]);
  };
  row('Series', ({ raw }) => raw.series, (value) => number(value));
  row('Series per host', ({ raw, count }) => raw.series / count, (value) => number(value, 1));
  row('Bytes per sample, in a block of ten minutes with its index', ({ size }) => size.bytes / size.samples, (value) => number(value, 2));
  row(`Bytes per host and day at ${STEP} s, if all blocks were such`, ({ size, raw, count }) => (size.bytes / size.samples) * (raw.series / count) * (86400 / STEP), (value) => `${number(value / 1048576, 2)} MiB`);
  row('Recorded series', ({ recorded }) => recorded, (value) => number(value));
  row('Alerts that stand, pending or firing', ({ alerts }) => alerts, (value) => number(value));
  row(`Rules of a cycle of ${CYCLE} s, average`, (run) => sum(cycles(run)) / cycles(run).length, ms);
  row(`Rules of a cycle of ${CYCLE} s, median`, (run) => median(cycles(run)), ms);
  row(`Rules of a cycle of ${CYCLE} s, most`, (run) => Math.max(...cycles(run)), ms);
  for (const interval of [...new Set(runs[0].groups.map((group) => group.interval))].sort((a, b) => a - b)) {
    row(`Rules that are due each ${every(interval)}, all groups`, ({ groups }) => sum(groups.filter((group) => group.interval === interval).map(usual)), ms);
  }
  row('All rules once', ({ groups }) => sum(groups.map(usual)), ms);
  row('Fleet dashboard, all queries one after the other', ({ panels }) => sum(panels.map(({ best }) => best)), ms);
  row('Fleet dashboard, slowest query', (run) => worst(run).best, ms);
  row('Fleet dashboard, slowest query, first time', ({ panels }) => Math.max(...panels.map(({ first }) => first)), ms);
  row('Prometheus, resident memory', ({ memory }) => memory, (value) => `${number(value / 1048576)} MiB`);
  return table(['', ...runs.map(({ count }) => `${number(count)} hosts`), ...(runs.length > 1 ? ['growth'] : [])], rows);
};

/** The document; the runs are in the order of their sizes, `failures` are of sizes that have none. */
export const report = (runs, failures) => {
  const last = runs.at(-1);
  const version = /version (\S+)/.exec(spawnSync(program('prometheus'), ['--version'], { encoding: 'utf8' }).stdout)[1];
  const rules = last.groups.flatMap((group) => group.rules.map((rule) => ({ ...rule, group, time: median(rule.times) }))).sort((a, b) => b.time - a.time);
  const marked = ({ name, labels = {} }) => `\`${name}\`${Object.keys(labels).length ? ` ${Object.entries(labels).filter(([key]) => ['cause', 'status', 'within', 'phase'].includes(key)).map(([, value]) => value).join(' ')}`.trimEnd() : ''}`;
  const first = new Map(runs[0].groups.map((group) => [group.name, group]));
  const before = new Map(grouped(runs[0]).map((group) => [group.name, group]));
  const growth = (group) => (runs.length > 1 ? [ms(before.get(group.name).usual), ms(group.usual), ms(group.most), `×${number(group.usual / before.get(group.name).usual, 1)}`] : [ms(group.usual), ms(group.most)]);
  const small = ({ group, name, labels }) => median(first.get(group.name).rules.find((rule) => rule.name === name && JSON.stringify(rule.labels) === JSON.stringify(labels)).times);
  const sizes = (count) => `${number(count)} hosts`;
  return `<!-- Generated by \`make bench-fleet\`. Do not edit. -->
# The cost of a fleet

What \`make bench-fleet\` measured: one real Prometheus with the data of a whole fleet, made of real scrapes, one Logtail agent with five URLs for each host, and about one
host in 30 with a problem. All series: ten minutes at ${STEP} s. Recorded and status series: six hours at one minute. The rules are those of \`alerts/\`: Prometheus
evaluated them by their own intervals for ${number(WINDOW / 60)} minutes, and their times are what it says itself: medians, and the most. Queries are those of the panels of the *Fleet* dashboard over six
hours, best of three.

- ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC; ${cpus().length} × ${cpus()[0].model.trim()}, ${number(totalmem() / 1048576)} MiB
- Linux ${release().split('-')[0]}; Prometheus ${version} as packaged by Debian, with its defaults; Node.js ${process.version}
${runs.map(({ count, took, load }) => `- ${sizes(count)} took ${number(took / 60, 1)} min; load average ${number(load[0], 2)} before, ${number(load[1], 2)} after the rules, ${number(load[2], 2)} at the end`).join('\n')}
${failures.map((failure) => `- **failed**: ${failure}\n`).join('')}
## Goals

${goals(last)}

## Cost

${costs(runs)}

## Groups of rules

${table(['Group', 'each', ...(runs.length > 1 ? [sizes(runs[0].count)] : []), sizes(last.count), 'most', ...(runs.length > 1 ? ['growth'] : [])], grouped(last).map((group) => [group.name, every(group.interval), ...growth(group)]))}

## Slowest rules

${table(['Rule', ...(runs.length > 1 ? [sizes(runs[0].count)] : []), sizes(last.count)], rules.slice(0, 15).map((rule) => [marked(rule), ...(runs.length > 1 ? [ms(small(rule))] : []), ms(rule.time)]))}

## Slowest queries of the *Fleet* dashboard

With ${sizes(last.count)}:

${table(['Panel', 'series', 'first', 'best of 3'], [...last.panels].sort((a, b) => b.best - a.best).slice(0, 10).map((panel) => [panel.title, number(panel.series), ms(panel.first), ms(panel.best)]))}
`;
};
