// Dashboards over a real Prometheus, in a real browser, drawn by Grafana's own front-end libraries.
//
// Each fleet's history is made of real scrapes, and its recorded series by Prometheus from the rules that are shipped.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { parse } from 'yaml';

import { FLEETS, firing, hosts, scrapes, write } from './lib/fleet.mjs';
import { lint } from './lib/lint.mjs';
import { PATIENCE, browser, bundle, look, serve } from './lib/page.mjs';
import { DASHBOARDS, NAMES, OUT, ROOT, RULES } from './lib/paths.mjs';
import { backfill, prometheus, record } from './lib/prometheus.mjs';

const HOURS = 6 * 3600;
const STEP = 120;
const COUNT = 24;

const load = (name) => JSON.parse(readFileSync(join(DASHBOARDS, `${name}.json`), 'utf8'));
const models = Object.fromEntries(NAMES.map((name) => [name, load(name)]));
const uids = NAMES.map((name) => models[name].uid);
// Instant queries return nothing older than five minutes, so histories end now.
const to = Math.floor(Date.now() / 1000 / STEP) * STEP;
const from = to - HOURS;

let chromium;
let transformers;
const fleets = {};

/** Label names by metric name, as Prometheus has them. */
const known = new Map();

before(async () => {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  await bundle(join(OUT, 'page'));
  chromium = await browser();
  for (const [name, make] of Object.entries(FLEETS)) {
    const directory = join(OUT, 'data', name);
    const text = `${directory}.om`;
    mkdirSync(directory, { recursive: true });
    const list = make(hosts(COUNT), to);
    write(text, name === 'mixed' ? firing(list, to, 3600) : list, scrapes(), { from: from - 600, to, step: STEP });
    backfill(text, directory);
    rmSync(text);
    await record(directory, RULES, from, to, STEP);
    const server = await prometheus(directory);
    fleets[name] = { server, page: await serve(join(OUT, 'page'), models, server) };
    for (const { __name__: metric, ...labels } of await server.get('series', { 'match[]': '{__name__!=""}', start: String(from), end: String(to) })) {
      if (!known.has(metric)) known.set(metric, new Set());
      for (const label of Object.keys(labels)) known.get(metric).add(label);
    }
  }
  // Labels such as the version are empty in some scrapes, and then absent: labels in the text of a scrape exist.
  for (const { name, labels } of Object.values(scrapes()).flat()) for (const label of Object.keys(labels)) known.get(name).add(label);
  // Metrics that no scrape of these machines has are in the reference.
  for (const [, metric, labels] of readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8').matchAll(/^\| `(\w+)` \| \w+ \| ([^|]*) \|/gm)) {
    if (!known.has(metric)) known.set(metric, new Set(['job', 'cluster', 'instance', ...labels.split(', ').filter(Boolean).map((label) => label.trim())]));
  }
  const page = await chromium.started.newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.goto(`${fleets.healthy.page.url}/?dashboard=host&from=now-1h&to=now`);
  await page.waitForFunction('window.transformers');
  transformers = await page.evaluate(() => window.transformers);
  await page.close();
});

after(async () => {
  await chromium?.close();
  for (const { server, page } of Object.values(fleets)) {
    page.close();
    await server.stop();
  }
  rmSync(join(OUT, 'data'), { recursive: true, force: true });
});

const show = (fleet, dashboard, { theme = 'dark', url = fleets[fleet].page.url, name = `${fleet}-${dashboard}`, height, ...chosen } = {}) =>
  look(chromium, url, {
    dashboard, theme, scrape: STEP, from: new Date(from * 1000).toISOString(), to: new Date(to * 1000).toISOString(),
    ...Object.fromEntries(Object.entries(chosen).map(([variable, value]) => [`var-${variable}`, value])),
  }, { png: name && join(OUT, `${name}-${theme}.png`), height });

/** What is wrong with what is seen; `empty` are the titles of panels that have nothing to show, and say so. */
const faults = ({ problems, complaints, unresolved, variables, panels }, model, empty) => {
  const said = [...problems, ...complaints, ...unresolved.map((name) => `unresolved: ${name}`)];
  for (const { name, value, error } of variables) if (error || value === '' || value === undefined) said.push(`variable ${name}: ${error ?? 'has no value'}`);
  const expected = model.panels.filter(({ type }) => type !== 'row');
  if (problems.length === 0 && panels.length !== expected.length) said.push(`${panels.length} panels instead of ${expected.length}`);
  for (const panel of panels) {
    const { noValue } = expected.find(({ id }) => id === panel.id).fieldConfig.defaults;
    const say = (text) => said.push(`${panel.title}: ${text}`);
    if (panel.state !== 'Done' || panel.error) say(`${panel.state} ${panel.error ?? ''}`);
    if (!panel.drawn) say('is not drawn');
    if (panel.nan) say(`${panel.nan} values are no number`);
    if (/\b(No data|NaN|undefined|null|Infinity|\[object)\b/.test(panel.text)) say(`shows ${panel.text}`);
    const unnamed = panel.type === 'table' ? panel.frames.flatMap(({ fields }) => fields).filter((one) => /^(Value.*|Time|__name__|)$/.test(one)) : [];
    if (unnamed.length) say(`has columns without a name: ${unnamed}`);
    const rows = panel.frames.reduce((sum, frame) => sum + frame.rows, 0);
    if (empty.includes(panel.title)) {
      if (rows || !panel.text.includes(noValue)) say(`should be empty and say "${noValue}", not "${panel.text}"`);
    } else if (panel.type !== 'text') {
      if (!rows) say('is empty');
      if (panel.type === 'timeseries' && panel.ink < 10) say(`has ${panel.ink} colours`);
      if (/state|status/.test(panel.type) && !panel.cells.length) say('has no cells');
    }
  }
  return said;
};

/** Panels that have nothing to show where nothing is wrong. */
const NO_PROBLEM = { fleet: ['Top causes', 'Causes', 'When it began', 'Failing prerequisites', 'Failing hosts', 'Hosts by cause', 'Clocks that are wrong'], host: ['Findings', 'Limits reached', 'Last contact with the service'], exporter: ['Unreadable facts by source', 'Alertmanagers'] };

/** What no scrape of these hosts has, nor of a fleet in which none pushes its alerts. */
const ALWAYS = { host: ['Limits reached', 'Last contact with the service'] };
const NOT_PUSHED = { ...ALWAYS, exporter: ['Alertmanagers'] };

const panelOf = (seen, title) => seen.panels.find((panel) => panel.title === title);
const lines = (seen, title) => panelOf(seen, title).text.split('\n').map((line) => line.trim()).filter(Boolean);
const shows = (seen, title, ...expected) => {
  const all = lines(seen, title);
  for (const one of expected) assert.ok(all.includes(String(one)), `${title} shows ${JSON.stringify(all)}, not ${one}`);
};
const percent = (share) => `${(share * 100).toFixed(1)}%`;

describe('what is seen', () => {
  test('of a healthy fleet', async () => {
    for (const name of NAMES) {
      const seen = await show('healthy', name, name === 'host' ? { instance: '10.8.0.1:10077' } : {});
      assert.deepEqual(faults(seen, models[name], NO_PROBLEM[name]), [], name);
    }
  });

  test('of a healthy host with LogListener, and with a custom agent', async () => {
    const [loglistener, custom] = ['10.8.0.4:10077', '10.10.0.6:10077'];
    const seen = await show('healthy', 'host', { instance: loglistener, name: 'healthy-loglistener' });
    assert.deepEqual(faults(seen, models.host, NO_PROBLEM.host), []);
    shows(seen, 'Agents', 'cls', 'not known', 'web-4');
    const other = await show('healthy', 'host', { instance: custom, name: 'healthy-custom' });
    assert.deepEqual(faults(other, models.host, [...NO_PROBLEM.host, 'Addresses']), []);
  });

  test('in light', async () => {
    for (const name of NAMES) {
      const seen = await show('mixed', name, { theme: 'light', ...(name === 'host' ? { instance: '10.9.0.2:10077' } : {}) });
      assert.deepEqual(faults(seen, models[name], ALWAYS[name] ?? []), [], name);
    }
  });

  test('of the fleet: the same as Prometheus says', async () => {
    const { server } = fleets.mixed;
    const seen = await show('mixed', 'fleet');
    assert.deepEqual(faults(seen, models.fleet, []), []);
    const agents = await server.number('count(logagent_status{status="ok"})', to);
    const ok = await server.number('sum(logagent_status{status="ok"})', to);
    shows(seen, 'Agents', agents);
    shows(seen, 'Ready for heartbeat', percent(ok / agents));
    shows(seen, 'Failing', await server.number('sum(logagent_status{status="failing"})', to));
    shows(seen, 'Unknown', await server.number('sum(logagent_status{status="unknown"})', to));
    shows(seen, 'Warnings', await server.number('count(logagent_problem{severity="warning"})', to));
    shows(seen, 'Hosts not scraped', await server.number('count(up == 0)', to));
    assert.equal(agents, COUNT - 1);
    const causes = await server.query('count by (cause) (logagent_problem)', to);
    assert.equal(causes.length, 6);
    const bars = lines(seen, 'Top causes');
    for (const { metric, value } of causes) {
      const place = bars.indexOf(metric.cause);
      assert.equal(bars[place + 1], value[1], `${metric.cause}: ${bars}`);
      shows(seen, 'Causes', metric.cause);
    }
    for (const { metric } of await server.query('logagent_problem{severity="critical"}', to)) shows(seen, 'Failing hosts', metric.instance);
    // Visible without scrolling, on a screen of 1080 lines.
    const { top } = panelOf(seen, 'Failing hosts');
    assert.ok(top < 500, `it begins at ${top}`);
    const [unreached] = await server.query('topk(1, count by (url) (logagent_endpoint_up{purpose!="admin"} == 0))', to);
    shows(seen, 'Endpoints', unreached.metric.url, unreached.value[1]);
    const failing = await server.query('count by (prerequisite) (group by (instance, agent, prerequisite) (logagent_problem{severity="critical"}))', to);
    for (const { metric } of failing) shows(seen, 'Failing prerequisites', metric.prerequisite);
    shows(seen, 'Clocks that are wrong', 'clock_skewed');
    const [connecting] = await server.query('topk(1, quantile by (cluster) (0.95, logagent_endpoint_phase_duration_seconds{purpose=~"config_server|custom", phase="connect"}))', to);
    shows(seen, 'Time to connect, now', connecting.metric.cluster);
    shows(seen, 'Agents by kind and version', '1.8.7', '1.8.6', '2.1.0', 'not known');
  });

  test('of one cluster', async () => {
    const seen = await show('mixed', 'fleet', { cluster: 'staging', name: null });
    // Everything that is found there is a warning.
    assert.deepEqual(faults(seen, models.fleet, ['Failing prerequisites', 'Clocks that are wrong']), []);
    shows(seen, 'Agents', await fleets.mixed.server.number('sum(logagent_agents{cluster="staging"})', to));
    assert.ok(!panelOf(seen, 'Failing hosts').text.includes('prod-'), 'another cluster');
  });

  test('of a host: the same as Prometheus says, with links to runbooks', async () => {
    const { server } = fleets.mixed;
    const instance = '10.9.0.2:10077';
    const seen = await show('mixed', 'host', { instance });
    assert.deepEqual(faults(seen, models.host, ALWAYS.host), []);
    shows(seen, 'Status', 'logtail', 'failing');
    const problems = await server.query(`logagent_problem{instance="${instance}"}`, to);
    assert.equal(problems.length, 2);
    for (const { metric } of problems) {
      shows(seen, 'Findings', metric.cause, metric.severity, metric.prerequisite);
      const { links } = panelOf(seen, 'Findings');
      const link = links.find((one) => one.endsWith(`/${metric.cause}.md`));
      assert.ok(link, `no link to the runbook of ${metric.cause}: ${links}`);
    }
    for (const { metric } of await server.query(`logagent_ip_info{instance="${instance}"}`, to)) shows(seen, 'Addresses', metric.source, metric.ip);
    for (const { metric } of await server.query(`logagent_endpoint_up{instance="${instance}"}`, to)) shows(seen, 'Endpoints', metric.url, 'yes');
    const [{ metric: info }] = await server.query(`logagent_agent_info{instance="${instance}"}`, to);
    shows(seen, 'Agents', info.version, info.hostname, info.kind);
    const { cells } = panelOf(seen, 'Prerequisites');
    const prerequisites = await server.query(`logagent_prerequisite_status{instance="${instance}", status="ok"}`, to);
    assert.equal(cells.length, prerequisites.length + 1, `one has failed since: ${cells}`);
    assert.equal(cells.filter((cell) => cell === 'failing').length, 1);
  });

  test('of agents in containers: where they are, and never where their exporter is', async () => {
    const names = ['kube-system', 'loongcollector-ds-x7k2p', 'loongcollector'];
    const tables = (seen) => seen.panels.filter(({ type }) => type === 'table').map(({ text }) => text).join('\n');
    for (const instance of ['10.9.0.17:10077', '10.9.0.23:10077']) {
      const seen = await show('mixed', 'host', { instance, name: 'mixed-pod' });
      assert.deepEqual(faults(seen, models.host, ALWAYS.host), []);
      shows(seen, 'Agents', ...names);
      assert.doesNotMatch(tables(seen), /exporter-|monitoring/);
    }
    const seen = await show('mixed', 'host', { instance: '10.10.0.21:10077', name: null });
    assert.doesNotMatch(tables(seen), /exporter-|monitoring/);
    const fleet = await show('mixed', 'fleet', { name: 'mixed-pods' });
    shows(fleet, 'Failing hosts', ...names, '–');
    assert.doesNotMatch(tables(fleet), /exporter-|monitoring/);
    const hosts = await show('disastrous', 'fleet', { name: null });
    assert.ok(!lines(hosts, 'Failing hosts').includes('Pod'), 'a column of nothing');
  });

  test('of a cause: all hosts that have it, and no others; of many causes, the newest hundred', async () => {
    const { server } = fleets.disastrous;
    const [{ metric: { cause } }] = await server.query('topk(1, count by (cause) (logagent_problem))', to);
    const hosts = await server.query(`count by (instance) (logagent_problem{cause="${cause}"})`, to);
    const seen = await show('disastrous', 'fleet', { cause, name: 'disastrous-cause' });
    const { frames, text } = panelOf(seen, 'Hosts by cause');
    assert.equal(frames.reduce((sum, { rows }) => sum + rows, 0), hosts.length);
    for (const { metric } of await server.query(`logagent_problem{cause!="${cause}"}`, to)) assert.ok(!text.includes(metric.cause), `${metric.cause} was not chosen`);
    const all = await show('disastrous', 'fleet', { name: null });
    const problems = await server.number('count(logagent_problem)', to);
    assert.equal(panelOf(all, 'Hosts by cause').frames.reduce((sum, { rows }) => sum + rows, 0), Math.min(100, problems));
  });

  test('of hosts that are not scraped, whatever the name of their job', async () => {
    const { server } = fleets.disastrous;
    const down = await server.number('count(up == 0)', to);
    assert.ok(down > 0);
    shows(await show('disastrous', 'fleet', { name: null }), 'Hosts not scraped', down);
    shows(await show('disastrous', 'exporter', { name: null }), 'Down', down);
    // If there is none, 0 would be wrong.
    const elsewhere = changed('fleet', (copy, panel) => {
      panel('Hosts not scraped').targets.forEach((target) => { target.expr = target.expr.replaceAll('$job', 'elsewhere'); });
      copy.panels = [panel('Hosts not scraped')];
    });
    const page = await serve(join(OUT, 'page'), { elsewhere }, server);
    try {
      shows(await show('disastrous', 'elsewhere', { url: page.url, name: null }), 'Hosts not scraped', 'no exporter is known');
    } finally {
      page.close();
    }
  });

  test('of a host with a wrong clock: ages by that of Prometheus', async () => {
    const seen = await show('mixed', 'host', { instance: '10.9.0.8:10077', name: 'mixed-clock' });
    shows(seen, 'Findings', 'clock_skewed');
    assert.match(panelOf(seen, 'Findings').text, /\b[23] hours ago/);
    const fleet = await show('mixed', 'fleet', { cause: 'clock_skewed', name: null });
    for (const title of ['Failing hosts', 'Hosts by cause']) assert.match(panelOf(fleet, title).text, /\b[23] hours ago/, title);
    assert.doesNotMatch(panelOf(fleet, 'Causes').text, /\bin \w+ (hours?|minutes)/);
  });

  test('of runbooks, in the language of the reader, and of the exporter\'s page', async () => {
    const seen = await show('mixed', 'fleet', { language: '.zh.md', cause: 'ip_not_in_group', name: null });
    const { links } = panelOf(seen, 'Hosts by cause');
    for (const end of ['/ip_not_in_group.zh.md', 'http://10.9.0.2:10077/']) assert.ok(links.some((one) => one.endsWith(end)), `no link to ${end}: ${links}`);
    const chosen = panelOf(seen, 'Causes').links.filter((one) => one.includes('var-cause=ip_not_in_group'));
    assert.equal(chosen.length, 1, 'the number of agents leads to their list');
  });

  test('of what changed: annotations have their queries answered, and mark what happened', async () => {
    const { server } = fleets.mixed;
    const chosen = { cluster: '.*', job: '.*', agent: '.*', instance: '.*' };
    const marks = async (name, title, more = {}) => {
      const { expr, step } = models[name].annotations.list.find((one) => one.name === title);
      const query = Object.entries({ ...chosen, ...more }).reduce((text, [variable, value]) => text.replaceAll(`$${variable}`, value), expr);
      return (await server.get('query_range', { query, start: String(from), end: String(to), step: step.slice(0, -1) })).result;
    };
    for (const name of NAMES) for (const { name: title } of models[name].annotations.list) await marks(name, title);
    const restarts = await marks('host', 'Restarts', { instance: '10.10.0.21:10077' });
    assert.ok(restarts.length > 0 && restarts.every(({ values }) => values.every(([time]) => Math.abs(time - (to - 2 * 3600)) < 1200)), JSON.stringify(restarts));
    const edits = await marks('host', 'Config edits', { instance: '10.9.0.5:10077' });
    assert.ok(edits.some(({ values }) => values.some(([time]) => Math.abs(time - (to - 0.6 * 3600)) < 600)), JSON.stringify(edits));
    assert.ok((await marks('fleet', 'Config edits')).length > 0);
    // Each of the others marks the one time at which its change happened.
    const since = (result, labels, ago) => {
      const one = result.find(({ metric }) => Object.entries(labels).every(([key, value]) => metric[key] === value));
      assert.ok(one && Math.abs(one.values[0][0] - (to - ago * 3600)) < 600, `${JSON.stringify(labels)}: ${JSON.stringify(result)}`);
    };
    since(await marks('host', 'New versions', { instance: '10.9.0.20:10077' }), { version: '2.2.0' }, 1.5);
    since(await marks('fleet', 'New versions'), { kind: 'logtail', version: '2.2.0' }, 1.5);
    since(await marks('fleet', 'New exporter versions'), { version: '0.2.0' }, 1.5);
    since(await marks('host', 'Alerts', { instance: '10.8.0.1:10077' }), { alertname: 'LogAgentConnectionTimeout', agent: 'logtail' }, 1);
    since(await marks('fleet', 'Fleet alerts'), { alertname: 'LogAgentFleetCause', cause: 'connection_timeout' }, 1);
  });

  test('of a host whose facts cannot be read', async () => {
    const seen = await show('mixed', 'host', { instance: '10.10.0.15:10077', name: 'mixed-unreadable' });
    shows(seen, 'Status', 'unknown');
    assert.ok(panelOf(seen, 'Prerequisites').cells.includes('unknown'));
  });

  test('of what the agent\'s own log tells: when the service was last heard of, by the clock of Prometheus', async () => {
    const seen = await show('mixed', 'host', { instance: '10.9.0.11:10077', name: 'mixed-pushing' });
    assert.deepEqual(faults(seen, models.host, ['Limits reached', 'Findings']), []);
    shows(seen, 'Last contact with the service', 'logtail', '5 hours ago', '2 hours ago');
  });

  test('of what was pushed to each Alertmanager: the same as Prometheus says', async () => {
    const { server } = fleets.mixed;
    const seen = await show('mixed', 'exporter', { name: null });
    const increase = (metric) => server.query(`sum by (alertmanager) (increase(logagent_alertmanager_notifications_${metric}_total[6h]))`, to);
    const [sent, errors] = [await increase('sent'), await increase('errors')];
    assert.equal(sent.length, 2);
    const cells = lines(seen, 'Alertmanagers');
    for (const { metric: { alertmanager }, value: [, number] } of sent) {
      const failed = errors.find(({ metric }) => metric.alertmanager === alertmanager).value[1];
      const row = cells.slice(cells.indexOf(alertmanager));
      assert.deepEqual(row.slice(1, 3), [number, failed].map((one) => Number(one).toFixed(0)), `${alertmanager}: ${cells}`);
      assert.ok((number === '0') !== (failed === '0'), `one is told, the other is not there: ${cells}`);
    }
    shows(seen, 'Alertmanagers', '3 hours ago', 'none');
  });

  test('of exporters: the same as Prometheus says', async () => {
    const { server } = fleets.mixed;
    const seen = await show('mixed', 'exporter');
    assert.deepEqual(faults(seen, models.exporter, []), []);
    shows(seen, 'Scraped', await server.number('sum(up)', to));
    shows(seen, 'Down', await server.number('count(up == 0)', to));
    shows(seen, 'Oldest evaluation', `${Math.round(await server.number('max(timestamp(logagent_last_evaluation_timestamp_seconds) - logagent_last_evaluation_timestamp_seconds + on (instance) avg by (instance) (logagent_clock_offset_seconds{source=~"ntp|http_date"}))', to))} s`);
    for (const { metric, value } of await server.query('count by (version) (logagent_exporter_build_info)', to)) shows(seen, 'Exporters by version', metric.version, Number(value[1]));
    for (const { metric, value } of await server.query('avg by (source) (logagent_event_source_up)', to)) shows(seen, 'Changes reported by the kernel', metric.source, percent(Number(value[1])));
    shows(seen, 'Exporters', '10.8.0.1:10077', 'loaded');
  });

  test('of a disaster', async () => {
    for (const name of NAMES) {
      const seen = await show('disastrous', name, name === 'host' ? { instance: '10.8.0.1:10077' } : {});
      assert.deepEqual(faults(seen, models[name], NOT_PUSHED[name] ?? []), [], name);
    }
    const seen = await show('disastrous', 'host', { instance: '10.9.0.2:10077', name: 'disastrous-not-running' });
    shows(seen, 'Findings', 'not_running');
    shows(seen, 'Live processes', 'live', '0');
  });
});

/** Applies a change to a copy of a dashboard. */
const changed = (name, change) => {
  const copy = structuredClone(models[name]);
  change(copy, (title) => copy.panels.find((panel) => panel.title === title));
  return copy;
};

// Not a check: it exists only if the pictures are to be written again.
if (process.env.UPDATE) test('pictures for the README', async () => {
  const images = join(ROOT, 'docs/images');
  mkdirSync(images, { recursive: true });
  const pictures = { fleet: { height: 1250 }, host: { height: 1150, instance: '10.9.0.2:10077' }, exporter: { height: 1180, theme: 'light' } };
  for (const [dashboard, options] of Object.entries(pictures)) {
    const { theme = 'dark' } = options;
    await show('mixed', dashboard, { ...options, name: 'picture' });
    copyFileSync(join(OUT, `picture-${theme}.png`), join(images, `${dashboard}.png`));
  }
});

describe('what is written', () => {
  for (const name of NAMES) {
    test(`in ${name}.json: it is linted, and what it reads exists`, () => {
      assert.deepEqual(lint(models[name], { known, transformers, uids }), []);
    });
  }

  test('is what the generator makes', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(DASHBOARDS, 'generator/main.mjs'), '--check'], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });

  test('has uids and titles of its own, and one place for runbooks', () => {
    assert.equal(new Set(uids).size, NAMES.length);
    assert.equal(new Set(NAMES.map((name) => models[name].title)).size, NAMES.length);
    const base = models.fleet.templating.list.find(({ name }) => name === 'runbooks').query;
    const alerts = join(ROOT, 'alerts');
    const urls = readdirSync(alerts).filter((file) => file.endsWith('.rules.yml'))
      .flatMap((file) => parse(readFileSync(join(alerts, file), 'utf8')).groups).flatMap(({ rules }) => rules).map((rule) => rule.annotations?.runbook_url).filter(Boolean);
    for (const url of urls) assert.ok(url.startsWith(`${base}/`), `${url} is not below ${base}`);
    assert.ok(urls.length, 'no alert has a runbook');
  });

  test('is provisioned', () => {
    const directory = join(ROOT, 'deploy/grafana/provisioning');
    const [source] = parse(readFileSync(join(directory, 'datasources/prometheus.yml'), 'utf8')).datasources;
    assert.equal(source.type, models.fleet.templating.list[0].query);
    const [provider] = parse(readFileSync(join(directory, 'dashboards/logagent.yml'), 'utf8')).providers;
    assert.equal(provider.type, 'file');
    assert.ok(provider.options.path);
    for (const file of readdirSync(DASHBOARDS).filter((one) => one.endsWith('.json'))) assert.ok(NAMES.includes(file.slice(0, -5)), `${file} is not tested`);
  });
});

describe('a fault is caught:', () => {
  const planted = [
    ['a misspelt metric', /logagent_agentz is exposed by no/, 'exporter', (_, panel) => { panel('Watching nothing').targets[0].expr = 'count(logagent_agentz{job=~"$job", instance=~"$instance"} == 0)'; }],
    ['a misspelt recorded series', /is exposed by no/, 'fleet', (_, panel) => { panel('Agents').targets[0].expr = 'sum(cluster_status:logagent_agents:sum)'; }],
    ['a wrong label in a selector', /has no label state/, 'host', (_, panel) => { panel('Critical').targets[0].expr = 'count(logagent_status{job=~"$job", instance=~"$instance", state="ok"})'; }],
    ['a wrong label in a grouping', /label causes/, 'fleet', (_, panel) => { panel('Top causes').targets[0].expr = 'sum by (causes) (cluster_cause:logagent_problem:count)'; }],
    ['a wrong label in a legend', /legend wants causes/, 'fleet', (_, panel) => { panel('Top causes').targets[0].legendFormat = '{{causes}}'; }],
    ['a syntax error', /no PromQL/, 'fleet', (_, panel) => { panel('Top causes').targets[0].expr = 'topk(5, sum by (cause (cluster_cause:logagent_problem:count))'; }],
    ['an undefined variable', /undefined-variable: \$region/, 'fleet', (_, panel) => { panel('Agents').targets[0].expr = 'sum(cluster_status:logagent_agents:count{cluster=~"$region"})'; }],
    ['a repeat by a variable that does not exist', /repeats by nowhere/, 'host', (_, panel) => { panel('Status').repeat = 'nowhere'; }],
    ['an unknown panel type', /piechart is not one/, 'host', (_, panel) => { panel('Status').type = 'piechart'; }],
    ['an unknown transformation', /unknown transformation organise/, 'host', (_, panel) => { panel('Findings').transformations[0].id = 'organise'; }],
    ['an override of no column', /no field Reason/, 'host', (_, panel) => { panel('Findings').fieldConfig.overrides[0].matcher.options = 'Reason'; }],
    ['a panel without a description', /has no description/, 'host', (_, panel) => { delete panel('Status').description; }],
    ['a panel without a unit', /has no unit/, 'host', (_, panel) => { delete panel('Status').fieldConfig.defaults.unit; }],
    ['a panel that may be empty without a word', /does not say/, 'host', (_, panel) => { delete panel('Status').fieldConfig.defaults.noValue; }],
    ['a rate over a fixed time', /not over \$__rate_interval/, 'host', (_, panel) => { const [target] = panel('Evaluations by trigger').targets; target.expr = target.expr.replace('$__rate_interval', '5m'); }],
    ['a counter without a rate', /without rate/, 'host', (_, panel) => { panel('Evaluations by trigger').targets[0].expr = 'logagent_evaluations_total{job=~"$job", instance=~"$instance"}'; }],
    ['a link to no dashboard', /leads to \/d\/nowhere/, 'fleet', (_, panel) => { panel('Failing hosts').fieldConfig.overrides[0].properties[0].value[0].url = '/d/nowhere?x=1'; }],
    ['an annotation of a misspelt metric', /annotation Restarts: .*is exposed by no/, 'host', (copy) => { copy.annotations.list.find(({ name }) => name === 'Restarts').expr = 'increase(logagent_process_restartz_total[5m]) > 0'; }],
    ['an annotation that wants a label that is not there', /wants trigger/, 'host', (copy) => { copy.annotations.list[2].titleFormat = '{{trigger}}'; }],
    ['a curve through a number', /has a curve/, 'fleet', (_, panel) => { panel('Agents').options.graphMode = 'area'; }],
    ['two panels of one id', /two panels of one id/, 'fleet', (copy) => { copy.panels[1].id = copy.panels[0].id; }],
    ['a data source of one installation', /reads another data source/, 'fleet', (_, panel) => { panel('Agents').datasource.uid = 'abc123'; }],
  ];
  for (const [what, complaint, name, change] of planted) {
    test(`${what}, by lint`, () => {
      const complaints = lint(changed(name, change), { known, transformers, uids });
      assert.ok(complaints.some((one) => complaint.test(one)), `${complaints}`);
    });
  }

  const rendered = [
    ['a misspelt metric', /Agents: is empty/, (_, panel) => { panel('Agents').targets[0].expr = 'sum(logagent_agentz)'; }],
    ['a syntax error', /Agents: Error bad_data/, (_, panel) => { panel('Agents').targets[0].expr = 'sum(logagent_agents'; }],
    ['an undefined variable', /Agents: is empty/, (_, panel) => { panel('Agents').targets[0].expr = 'sum(cluster_status:logagent_agents:count{cluster="$region"})'; }],
    ['an unknown panel type', /no panel type piechart/, (_, panel) => { panel('Agents').type = 'piechart'; }],
    ['a repeat', /no repeat/, (_, panel) => { panel('Agents').repeat = 'nowhere'; }],
    ['an unknown data source', /unknown data source/, (_, panel) => { panel('Agents').datasource.uid = 'abc123'; for (const target of panel('Agents').targets) target.datasource.uid = 'abc123'; }],
    ['a division by zero', /values are no number/, (_, panel) => { panel('Agents').targets[0].expr = 'sum(cluster_status:logagent_agents:count) * 0 / 0'; }],
  ];
  test('by what is seen', async () => {
    const copies = Object.fromEntries(rendered.map(([, , change], index) => {
      const copy = changed('fleet', change);
      copy.panels = copy.panels.filter(({ title }) => title === 'Agents');
      return [`planted-${index}`, copy];
    }));
    const page = await serve(join(OUT, 'page'), copies, fleets.mixed.server);
    try {
      for (const [index, [what, complaint]] of rendered.entries()) {
        const name = `planted-${index}`;
        const said = faults(await show('mixed', name, { url: page.url, name: null }), copies[name], []);
        assert.ok(said.some((one) => complaint.test(one)), `${what}: ${said}`);
      }
    } finally {
      page.close();
    }
  });
});
