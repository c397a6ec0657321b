// Fleets made of real scrapes: each host shows what the exporter showed on a machine of its kind, with its own address,
// name, region and history.

import { closeSync, openSync, readFileSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { SCRAPES } from './paths.mjs';

/** Reads the text format: `[{ name, counter, labels, value }]`. */
const parseScrape = (text) => {
  const counters = new Set();
  const samples = [];
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (\S+)/.exec(line);
    if (type?.[2] === 'counter') counters.add(type[1]);
    if (!line || line.startsWith('#')) continue;
    const [, name, , inside, value] = /^([a-zA-Z_:][\w:]*)(\{(.*)\})? (\S+)$/.exec(line);
    const labels = Object.fromEntries([...(inside ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text]));
    samples.push({ name, counter: counters.has(name), labels, value: Number(value) });
  }
  return samples;
};

/** All kept scrapes by name. */
export const scrapes = () => {
  const list = readdirSync(SCRAPES).filter((file) => file.endsWith('.prom'));
  if (list.length === 0) throw new Error(`${SCRAPES} is empty; run \`cargo test --test it scrapes\``);
  return Object.fromEntries(list.map((file) => [file.slice(0, -5), parseScrape(readFileSync(join(SCRAPES, file), 'utf8'))]));
};

/** Numbers between 0 and 1 that are the same in each run. */
const random = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};

const REGIONS = ['cn-hangzhou', 'cn-beijing', 'cn-shanghai', 'ap-southeast-1'];
const TENCENT = ['ap-guangzhou', 'ap-shanghai', 'ap-beijing', 'ap-singapore'];
const VERSIONS = ['1.8.7', '1.8.7', '1.8.6', '2.1.0'];
const CLUSTERS = ['prod-hangzhou', 'prod-beijing', 'staging'];

/** Hosts `0..count`, spread over clusters, regions and kinds. */
export const hosts = (count, kinds = ['logtail', 'logtail', 'logtail', 'loglistener', 'logtail', 'custom']) =>
  Array.from({ length: count }, (_, index) => {
    const place = index % CLUSTERS.length;
    const ip = `10.${8 + place}.${Math.floor(index / 250)}.${(index % 250) + 1}`;
    return {
      index, ip, job: 'logagent-exporter', cluster: CLUSTERS[place], region: REGIONS[(place + (index % 7 === 6 ? 2 : 0)) % REGIONS.length], tencent: TENCENT[place],
      name: `${['web', 'app', 'db'][index % 3]}-${index + 1}`, instance: `${ip}:10077`, version: VERSIONS[index % VERSIONS.length],
      kind: kinds[index % kinds.length], noise: random(index + 1), incidents: [], down: [], restarts: [], alerts: [],
    };
  });

const MEMORY = { worker: 96 << 20, main: 64 << 20, daemon: 9 << 20, update: 11 << 20 };

const escape = (value) => value.replace(/[\\"]/g, '\\$&');

/** A sample's labels on a host. */
const own = (host, { name, labels, upgraded }) => ({
  ...Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, key === 'version' && name === 'logagent_agent_info' && host.kind === 'logtail' && !upgraded ? host.version : value
    .replaceAll('172.16.2.200', host.ip).replace('10.9.0.5', `10.99.${host.index % 250}.5`).replace('web-1', host.name)
    .replaceAll('cn-hangzhou', host.region).replaceAll('ap-guangzhou', host.tencent)])),
  cluster: host.cluster, job: host.job, instance: host.instance,
});

/** Labels as Prometheus has them without `honor_labels`, where its discovery gives the target such labels too. */
const discovered = (labels, target) => {
  const kept = Object.entries(labels).filter(([, text]) => text !== '').map(([key, text]) => [key in target ? `exported_${key}` : key, text]);
  return { ...Object.fromEntries(kept), ...target };
};

/** A series as it is written before its value. */
export const series = (name, labels) => `${name}{${Object.entries(labels).map(([key, value]) => `${key}="${escape(value)}"`).join(',')}}`;

/** Seconds that a host's clock is ahead while it is found to be off. */
const AHEAD = 5 * 3600;

/** How long ago it last happened, in seconds: hours, as a browser tells ages by its own clock, and the tests take minutes. */
const SINCE = {
  logagent_agent_last_config_update_timestamp_seconds: 5 * 3600,
  logagent_agent_last_send_timestamp_seconds: 2 * 3600,
  logagent_alertmanager_last_success_timestamp_seconds: 3 * 3600,
};

/** A sample's value on a host at `time`, `age` seconds after the beginning. */
const value = (host, sample, time, age, incident) => {
  const { name, labels } = sample;
  const { noise } = host;
  const ahead = incident?.scrape === 'clock_skewed' ? AHEAD : 0;
  if (name.startsWith('logagent_problem_since')) return (incident?.from ?? time - age) + ahead;
  if (name === 'logagent_last_evaluation_timestamp_seconds') return (time + ahead - 1 - noise() * 13).toFixed(3);
  if (name.includes('certificate_not_after')) return host.certificate ?? time + Math.max(3, sample.value - host.taken > 20 * 86400 ? 90 : 6) * 86400;
  if (name === 'logagent_file_modified_timestamp_seconds' && incident?.scrape === 'restart_required') return incident.from;
  if (name in SINCE) return time + ahead - SINCE[name];
  if (name.endsWith('_time_seconds') || name.endsWith('_timestamp_seconds')) {
    const restarted = name.startsWith('logagent_process') ? Math.max(...host.restarts.filter((at) => at <= time), 0) : 0;
    return restarted || host.started;
  }
  if (sample.counter) {
    if (name.startsWith('logagent_process_cpu')) return (age * (labels.role === 'daemon' ? 0.0004 : 0.011 * (1 + (host.index % 5) / 3)) + 1).toFixed(3);
    if (name === 'process_cpu_seconds_total') return (age * 0.0004 * (1 + (host.index % 4) / 4) + 0.1).toFixed(4);
    if (name.includes('restarts')) return host.restarts.filter((at) => at <= time).length;
    if (labels.trigger === 'timer') return Math.floor(age / 15);
    if (labels.trigger === 'probe') return Math.floor(age / 60);
    if (labels.trigger === 'process' || labels.trigger === 'file') return host.restarts.filter((at) => at <= time).length * 2;
    // Once a minute, otherwise the write is rejected.
    if (name.startsWith('logagent_alertmanager_notifications')) return sample.value && Math.floor(age / 60);
    if (name.startsWith('logagent_observation_errors')) return Math.floor((time - (incident?.from ?? time)) / 15) * Math.max(1, Math.round(sample.value / 4));
    return sample.value;
  }
  if (name.includes('duration_seconds')) return (sample.value * (labels.phase ? 6 : 1) * (0.7 + 0.6 * noise()) * (1 + (host.index % 3) / 2)).toFixed(6);
  if (name.includes('resident_memory') && labels.role) return Math.round(MEMORY[labels.role] * (1 + 0.12 * Math.sin(age / 2400 + host.index) + 0.02 * noise()));
  if (name === 'process_resident_memory_bytes') return Math.round(4.6 * 1048576 * (1 + 0.05 * noise()));
  if (name === 'logagent_process_open_fds') return Math.round(sample.value * 7 + 4 * noise());
  if (name === 'logagent_process_threads') return labels.role === 'daemon' ? 3 : 14;
  if (name === 'logagent_clock_offset_seconds') return (Math.abs(sample.value) > 30 ? sample.value * (1 + (host.index % 3) * 0.1) : (noise() - 0.5) * (labels.source === 'kernel' ? 0.001 : 0.4)).toFixed(4);
  if (name === 'logagent_clock_synchronized') return incident?.scrape === 'clock_skewed' ? 0 : 1;
  return sample.value;
};

const ADDED = ['up', 'scrape_duration_seconds', 'scrape_samples_scraped', 'scrape_samples_post_metric_relabeling', 'scrape_series_added'].map((name) => ({ name, labels: {} }));

/**
 * What Prometheus has of a host from `from` to `to`, scraped each `step` seconds: `[{ name, labels, points: [[time, number]] }]`.
 * `keep` chooses metrics by name.
 */
export const history = (host, known, { from, to, step, keep = () => true }) => {
  // Samples of several scrapes may belong to one series.
  const [all, bySample] = [new Map(), new Map()];
  // The scrape lacks only the clock status of the real machine's kernel.
  const templates = Object.fromEntries([host.kind, ...host.incidents.map(({ scrape }) => scrape)].map((name) =>
    [name, known[name].filter((sample) => keep(sample.name) && sample.labels.cause !== 'clock_unsynchronized')]));
  for (const incident of host.incidents.filter(({ versions }) => versions)) {
    const upgrade = (sample) => incident.versions[sample.name] ? { ...sample, labels: { ...sample.labels, version: incident.versions[sample.name] }, upgraded: true } : sample;
    incident.template = templates[incident.scrape].map(upgrade);
  }
  host.taken = known[host.kind].find((sample) => sample.name === 'logagent_last_evaluation_timestamp_seconds').value;
  host.started = from - 86400 * (3 + (host.index % 20));
  const added = ADDED.filter(({ name }) => keep(name));
  const alert = (labels, time) => {
    const own = { alertstate: 'firing', ...labels };
    const prefix = series('ALERTS', own);
    if (!all.has(prefix)) all.set(prefix, { name: 'ALERTS', labels: own, points: [] });
    all.get(prefix).points.push([time, 1]);
  };
  for (let time = from; time <= to; time += step) {
    const age = time - host.started;
    const down = host.down.some(([start, end]) => time >= start && time < end);
    const incident = host.incidents.find((one) => time >= one.from && time < (one.to ?? Infinity));
    const scrape = incident?.template ?? templates[incident?.scrape ?? host.kind];
    for (const { labels } of host.alerts.filter(({ since }) => keep('ALERTS') && time >= since)) alert(labels, time);
    const put = (sample, number) => {
      let one = bySample.get(sample);
      if (!one) {
        const labels = host.target ? discovered(own(host, sample), host.target) : own(host, sample);
        const prefix = series(sample.name, labels);
        one = all.get(prefix) ?? { name: sample.name, labels, points: [] };
        all.set(prefix, one);
        bySample.set(sample, one);
      }
      one.points.push([time, number]);
    };
    const numbers = { up: down ? 0 : 1, scrape_duration_seconds: (0.002 + 0.003 * host.noise()).toFixed(5), scrape_series_added: 0 };
    for (const sample of added) put(sample, numbers[sample.name] ?? (down ? 0 : scrape.length));
    if (!down) for (const sample of scrape) put(sample, value(host, sample, time, age, incident));
  }
  return [...all.values()];
};

/** Writes the history of hosts as OpenMetrics text; `options` are those of `history`. */
export const write = (file, list, known, options) => {
  const out = openSync(file, 'w');
  for (const host of list) {
    let text = '';
    for (const { name, labels, points } of history(host, known, options)) {
      const prefix = series(name, labels);
      for (const [time, number] of points) text += `${prefix} ${number} ${time}\n`;
    }
    writeSync(out, text);
  }
  writeSync(out, '# EOF\n');
  closeSync(out);
};

const HOUR = 3600;

/** Lets two alerts fire on a fleet, of one host and of its cluster, since `seconds` before `to`. */
export const firing = (list, to, seconds) => {
  const { instance, cluster } = list[0];
  list[0].alerts.push({ since: to - seconds, labels: { alertname: 'LogAgentConnectionTimeout', cause: 'connection_timeout', agent: 'logtail', instance, cluster } });
  list[0].alerts.push({ since: to - seconds, labels: { alertname: 'LogAgentFleetCause', cause: 'connection_timeout', cluster } });
  return list;
};

/** Three fleets: what stands at `to`, and what has been. */
export const FLEETS = {
  healthy: (list) => list,
  mixed: (list, to) => {
    const is = (index, scrape, from, till) => list[index].incidents.push({ scrape, from: to - from, to: till === undefined ? undefined : to - till });
    is(0, 'connection_timeout', 1.2 * HOUR);
    is(6, 'connection_timeout', 1.1 * HOUR);
    is(12, 'connection_timeout', 1.15 * HOUR);
    is(1, 'ip_not_in_group', 4.5 * HOUR);
    is(2, 'certificate_expiring', 5 * HOUR);
    is(8, 'certificate_expiring', 5 * HOUR);
    is(4, 'restart_required', 0.6 * HOUR);
    is(7, 'clock_skewed', 2.5 * HOUR);
    is(14, 'unreadable', 3 * HOUR);
    is(10, 'pushing', 24 * HOUR);
    is(16, 'in_a_pod', 24 * HOUR);
    is(22, 'in_a_pod', 24 * HOUR);
    // Exporters in pods whose service discovery uses the same labels as for agents in pods.
    for (const index of [20, 22]) list[index].target = { namespace: 'monitoring', pod: 'exporter-4kx8p', container: 'exporter' };
    is(13, 'not_running', 3.6 * HOUR, 3 * HOUR);
    is(18, 'user_identifier_missing', 2 * HOUR, 0.5 * HOUR);
    list[13].restarts.push(to - 3 * HOUR);
    list[20].restarts.push(to - 2 * HOUR, to - 1.9 * HOUR);
    list[15].down.push([to - 0.4 * HOUR, to + 1]);
    // An upgrade of an agent and of its exporter.
    list[19].incidents.push({ scrape: list[19].kind, from: to - 1.5 * HOUR, versions: { logagent_agent_info: '2.2.0', logagent_exporter_build_info: '0.2.0' } });
    return list;
  },
  disastrous: (list, to) => {
    const scrapes = ['connection_timeout', 'not_running', 'clock_skewed', 'user_identifier_missing', 'ip_not_in_group', 'restart_required', 'unreadable'];
    for (const host of list) {
      if (host.kind !== 'logtail') host.kind = 'logtail';
      host.job = 'of another name';
      host.incidents.push({ scrape: host.cluster === 'prod-hangzhou' ? 'connection_timeout' : scrapes[host.index % scrapes.length], from: to - (0.5 + (host.index % 9) / 3) * HOUR });
    }
    list.filter((host) => host.index % 8 === 5).forEach((host) => host.down.push([to - 0.3 * HOUR, to + 1]));
    return list;
  },
};
