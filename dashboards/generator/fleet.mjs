// The fleet: what is broken, where, why and since when. Reads recorded series (alerts/logagent.rules.yml), so that it
// costs the same for ten hosts and for ten thousand; only the tables of single hosts read the current problems.

import {
  BAD, DOUBTFUL, GOOD, NEUTRAL, PLAIN, SEVERITIES, UIDS, UNKNOWN,
  bars, colouredText, contained, dashboard, field, graph, mark, named, now, query, rows, stat, steps, table, timeline, toCause, toHost, toPage, toRunbook, variable,
} from './parts.mjs';

const AGENTS = 'cluster_status:logagent_agents:count{cluster=~"|$cluster"}';
const agents = (status) => `cluster_status:logagent_agents:count{cluster=~"|$cluster", status="${status}"}`;
const PROBLEMS = 'cluster_cause:logagent_problem:count{cluster=~"|$cluster"}';
const KINDS = 'sum by (kind, version) (cluster_kind_version:logagent_agents:count{cluster=~"|$cluster"})';
// Recorded only if some fail; otherwise it is 0.
const FAILING_KINDS = `(sum by (kind, version) (cluster_kind_version_status:logagent_agents:count{cluster=~"|$cluster", status="failing"}) or ${KINDS} * 0)`;
const known = (expr) => named('version', 'not known', expr);
const URLS = 'cluster_region_url:logagent_endpoints:count{cluster=~"|$cluster"}';
const URLS_UP = 'cluster_region_url:logagent_endpoints_up:sum{cluster=~"|$cluster"}';
const placed = (expr) => named('region', '–', expr);

const CHOSEN = 'cluster=~"|$cluster", cause=~"$cause"';
// A critical finding weighs more than any number of warnings that one agent can have.
const WORST = `topk(50, sum by (cluster, instance, agent) (logagent_problem{${CHOSEN}, severity="critical"} * 100 or logagent_problem{${CHOSEN}}))`;
// When it began, by Prometheus' clock. Up to a minute behind the problems themselves.
const BEGAN = `agent_cause:logagent_problem_since_timestamp_seconds:corrected{${CHOSEN}} * 1000`;
// The containers of agents in containers. Without any of them there is no such column.
const DESCRIBED = contained('agent:logagent_agent_info:troubled{cluster=~"|$cluster"}', 'logagent_exporter_build_info{cluster=~"|$cluster"}');
const WHERE = `max by (cluster, instance, agent, namespace, pod, container) (${DESCRIBED}) and on (cluster, instance, agent) ${WORST}`;
// All hosts if one cause is chosen, a hundred if many.
const MANY = `scalar(count(count by (cause) (cluster_cause:logagent_problem:count{${CHOSEN}})) == bool 1 or vector(0)) * 999900 + 100`;

const share = steps(GOOD, [0.001, DOUBTFUL], [0.05, BAD]);
const up = steps(BAD, [0.95, DOUBTFUL], [0.999, GOOD]);
const some = (color) => steps(GOOD, [1, color]);

const overview = [null, [
  [4,
    [4, stat('Agents', 'Watched log-collection agents: pairs of host and agent.', [query(`sum(${AGENTS})`)],
      { unit: 'short', thresholds: steps(NEUTRAL), noValue: 'no exporter is scraped' })],
    [4, stat('Ready for heartbeat', 'Share of agents for which every prerequisite of the heartbeat is met. Warnings do not lower it.',
      [query(`sum(${agents('ok')}) / sum(${AGENTS})`)],
      { unit: 'percentunit', decimals: 1, thresholds: steps(BAD, [0.95, DOUBTFUL], [0.995, GOOD]), noValue: 'no agents' })],
    [4, stat('Failing', 'Agents with at least one critical finding: their heartbeat cannot work.', [query(`sum(${agents('failing')})`)],
      { unit: 'short', thresholds: some(BAD), noValue: '0' })],
    [4, stat('Unknown', 'Agents for which a required fact could not be read, mostly because the exporter lacks a permission.', [query(`sum(${agents('unknown')})`)],
      { unit: 'short', thresholds: some(UNKNOWN), noValue: '0' })],
    [4, stat('Warnings', 'Findings of severity warning: the heartbeat works or is at risk, and the finding needs attention.',
      [query('sum(cluster_cause:logagent_problem:count{cluster=~"|$cluster", severity="warning"}) or vector(0)')],
      { unit: 'short', thresholds: some(DOUBTFUL), noValue: '0' })],
    [4, stat('Hosts not scraped', 'Exporters that Prometheus cannot scrape: nothing is known of their hosts, and no other number includes them.',
      [now('count(up{job=~"$job", cluster=~"|$cluster"} == 0) or count(up{job=~"$job", cluster=~"|$cluster"}) * 0')],
      { unit: 'short', thresholds: some(BAD), noValue: 'no exporter is known' })],
  ],
  [9,
    [14, table('Failing hosts', 'The fifty agents with the most critical findings, then the most warnings. The host links to its dashboard, the agent to the exporter\'s own page, which has the evidence.',
      [
        rows(`count by (cluster, instance, agent) (logagent_problem{${CHOSEN}, severity="critical"}) and ${WORST}`),
        rows(`count by (cluster, instance, agent) (logagent_problem{${CHOSEN}, severity="warning"}) and ${WORST}`),
        rows(`min by (cluster, instance, agent) (${BEGAN}) and ${WORST}`),
        rows(WHERE),
      ],
      {
        columns: { instance: 'Host', agent: 'Agent', cluster: 'Cluster', 'Value #A': 'Critical', 'Value #B': 'Warnings', 'Value #C': 'Since', namespace: 'Namespace', pod: 'Pod', container: 'Container' },
        noValue: 'No host has a problem.',
        sortBy: [['Critical', true], ['Warnings', true]],
        overrides: [
          field('Host', { links: [toHost()], custom__width: 185 }),
          field('Agent', { links: [toPage], custom__width: 115 }),
          field('Critical', { unit: 'short', noValue: '0', thresholds: steps(PLAIN, [1, BAD]), custom__cellOptions: colouredText, custom__width: 95 }),
          field('Warnings', { unit: 'short', noValue: '0', thresholds: steps(PLAIN, [1, DOUBTFUL]), custom__cellOptions: colouredText, custom__width: 110 }),
          field('Since', { unit: 'dateTimeFromNow' }),
          ...['Namespace', 'Pod', 'Container'].map((name) => field(name, { noValue: '–' })),
        ],
      })],
    [10, bars('Top causes', 'Agents that have the cause, most frequent first. A cause explained by another one is not counted.',
      [now(`topk(10, sum by (cause) (${PROBLEMS}))`, '{{cause}}')],
      { unit: 'short', thresholds: steps(DOUBTFUL, [10, BAD]), noValue: 'no problem stands', decimals: 0 })],
  ],
  [8,
    [24, graph('Agents by state', 'How many agents are in each state. A step shows when a problem began.',
      [query('sum by (status) (cluster_status:logagent_agents:count{cluster=~"|$cluster"})', '{{status}}')],
      { unit: 'short', area: true, min: 0, colors: { ok: GOOD, failing: BAD, unknown: UNKNOWN }, legend: 'list', noValue: 'no exporter is scraped' })],
  ],
]];

const causes = ['What is wrong, and since when', [
  [8,
    [24, table('Causes', 'Each active cause: how many agents have it, their share of the cluster, and when it began on the first and the last of them. The cause links to its runbook, the number of agents to all hosts that have it.',
      [
        rows(`sum by (cluster, prerequisite, cause, severity) (${PROBLEMS})`),
        rows('sum by (cluster, prerequisite, cause, severity) (cluster_cause:logagent_problem:ratio{cluster=~"|$cluster"})'),
        rows(`sum by (cluster, prerequisite, cause, severity) (${PROBLEMS} * 0 + on (cluster, prerequisite, cause) group_left () cluster_cause:logagent_problem_since_timestamp_seconds:min) * 1000`),
        rows(`sum by (cluster, prerequisite, cause, severity) (${PROBLEMS} * 0 + on (cluster, prerequisite, cause) group_left () cluster_cause:logagent_problem_since_timestamp_seconds:max) * 1000`),
      ],
      {
        columns: { severity: 'Severity', cause: 'Cause', prerequisite: 'Prerequisite', cluster: 'Cluster', 'Value #A': 'Agents', 'Value #B': 'Share', 'Value #C': 'First seen', 'Value #D': 'Latest' },
        noValue: 'No problem is active in these clusters.',
        sortBy: [['Agents', true]],
        overrides: [
          field('Severity', { mappings: SEVERITIES, custom__cellOptions: colouredText, custom__width: 100 }),
          field('Cause', { links: [toRunbook], custom__width: 280 }),
          field('Agents', { unit: 'short', decimals: 0, links: [toCause], custom__width: 110 }),
          field('Share', { unit: 'percentunit', decimals: 1, thresholds: share, custom__cellOptions: colouredText, custom__width: 110 }),
          field('First seen', { unit: 'dateTimeFromNow' }),
          field('Latest', { unit: 'dateTimeFromNow' }),
        ],
      })],
  ],
  [8,
    [12, timeline('When it began', 'When each cause was active, coloured by the number of agents that had it: the twelve causes with the highest peaks.',
      [query(`sum by (cause) (${PROBLEMS}) and on (cause) topk(12, max_over_time(sum by (cause) (${PROBLEMS})[$__range:5m] @ end()))`, '{{cause}}')],
      { thresholds: steps('light-orange', [10, DOUBTFUL], [100, BAD]), unit: 'short', noValue: 'No problem was active in this time.', interval: '1m' })],
    [12, graph('Failing prerequisites', 'Agents with a critical finding about the prerequisite. One agent may fail several; consequences of another cause are not counted.',
      [query('sum by (prerequisite) (cluster_prerequisite:logagent_problem:count{cluster=~"|$cluster"})', '{{prerequisite}}')],
      { unit: 'short', min: 0, softMax: 2, decimals: 0, noValue: 'No prerequisite failed in this time.' })],
  ],
]];

const places = ['Where', [
  [10,
    [24, table('Hosts by cause', 'Hosts with the selected causes, newest first: all hosts if one cause is selected above, otherwise the newest hundred. The number of agents in the table above links here; the host links to its dashboard, the agent to the exporter\'s own page.',
      [rows(`max by (cluster, instance, agent, cause, prerequisite) (topk(${MANY}, ${BEGAN}))`)],
      {
        columns: { instance: 'Host', agent: 'Agent', cluster: 'Cluster', cause: 'Cause', prerequisite: 'Prerequisite', Value: 'Since' },
        noValue: 'No host has these causes.',
        sortBy: [['Since', true]],
        overrides: [
          field('Host', { links: [toHost()] }),
          field('Agent', { links: [toPage] }),
          field('Cause', { links: [toRunbook] }),
          field('Since', { unit: 'dateTimeFromNow' }),
        ],
      })],
  ],
  [8,
    [12, graph('Failing share by cluster', 'Share of agents whose heartbeat cannot work, by cluster.',
      [query(`sum by (cluster) (${agents('failing')}) / sum by (cluster) (${AGENTS})`, '{{cluster}}')],
      { unit: 'percentunit', min: 0, softMax: 0.1, thresholds: steps('transparent', [0.05, BAD]), noValue: 'no agents' })],
    [12, table('Agents by kind and version', 'How many agents of each kind and version there are, and how many of them fail: a defective version stands out. LogListener may have no known version.',
      [
        rows(known(KINDS)),
        rows(known(FAILING_KINDS)),
        rows(known(`${FAILING_KINDS} / ${KINDS}`)),
      ],
      {
        columns: { kind: 'Kind', version: 'Version', 'Value #A': 'Agents', 'Value #B': 'Failing', 'Value #C': 'Failing share' },
        noValue: 'No agent is known.',
        sortBy: [['Agents', true]],
        overrides: [
          field('Agents', { unit: 'short', decimals: 0 }),
          field('Failing', { unit: 'short', decimals: 0, thresholds: steps(PLAIN, [1, BAD]), custom__cellOptions: colouredText }),
          field('Failing share', { unit: 'percentunit', decimals: 1, min: 0, max: 1, thresholds: share, custom__cellOptions: { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' } }),
        ],
      })],
  ],
]];

const versions = ['Versions', [
  [8,
    [14, graph('Agents by version', 'How many agents of each kind and version there were: shows the progress of a rollout.',
      [query(known(KINDS), '{{kind}} {{version}}')],
      { unit: 'short', area: true, min: 0, decimals: 0, noValue: 'No agent is known.' })],
    [10, graph('Exporters by version', 'How many exporters of each version there were: shows the progress of a rollout.',
      [query('sum by (version) (cluster_version:logagent_exporters:count{cluster=~"|$cluster"})', '{{version}}')],
      { unit: 'short', area: true, min: 0, decimals: 0, noValue: 'no exporter is scraped' })],
  ],
]];

const endpoints = ['Endpoints', [
  [8,
    [10, bars('Reachability by region', 'Share of probes that get the documented answer, by the region in the endpoint\'s name: the ten that are worst in any cluster. Endpoints whose name has no region are in the table beside.',
      [now('bottomk(10, min by (region, purpose) (cluster_region:logagent_endpoints_up:ratio{cluster=~"|$cluster", region!=""}))', '{{region}} {{purpose}}')],
      { unit: 'percentunit', decimals: 1, max: 1, thresholds: up, noValue: 'no endpoint is probed' })],
    [14, table('Endpoints', 'Each endpoint: how many agents probe it and how many of them do not reach it, most first. A failure of the admin endpoint, which serves no heartbeat, is the cause `admin_endpoint_unreachable`.',
      [
        rows(placed(`topk(100, sum by (region, purpose, url) (${URLS}) - sum by (region, purpose, url) (${URLS_UP}))`)),
        rows(placed(`sum by (region, purpose, url) (${URLS})`)),
        rows(placed(`sum by (region, purpose, url) (${URLS_UP}) / sum by (region, purpose, url) (${URLS})`)),
      ],
      {
        columns: { 'Value #A': 'Unreached', 'Value #B': 'Agents', 'Value #C': 'Reached', region: 'Region', purpose: 'Purpose', url: 'URL' },
        noValue: 'No endpoint is probed.',
        sortBy: [['Unreached', true]],
        overrides: [
          field('Unreached', { unit: 'short', decimals: 0, thresholds: steps(PLAIN, [1, BAD]), custom__cellOptions: colouredText, custom__width: 125 }),
          field('Agents', { unit: 'short', decimals: 0, custom__width: 85 }),
          field('Reached', { unit: 'percentunit', decimals: 1, thresholds: up, custom__cellOptions: colouredText, custom__width: 95 }),
          field('Region', { custom__width: 130 }),
          field('Purpose', { custom__width: 115 }),
        ],
      })],
  ],
  [7,
    [12, graph('Reachability over time', 'Share of probes that get the documented answer, by region: the worst purpose of each.',
      [query('min by (region) (cluster_region:logagent_endpoints_up:ratio{cluster=~"|$cluster", region!=""})', '{{region}}')],
      { unit: 'percentunit', max: 1, calcs: ['lastNotNull', 'min'], noValue: 'no endpoint is probed' })],
    [12, bars('Time to connect, now', '95th percentile of the time to connect to the servers that receive heartbeats, by cluster. A host\'s dashboard has each endpoint and phase over time.',
      [now('sort_desc(quantile by (cluster) (0.95, logagent_endpoint_phase_duration_seconds{cluster=~"|$cluster", purpose=~"config_server|custom", phase="connect"}))', '{{cluster}}')],
      { unit: 's', thresholds: steps(NEUTRAL), noValue: 'no endpoint is reached' })],
  ],
]];

const clocks = ['Clocks and restarts', [
  [8,
    [8, graph('Clocks that are wrong', 'Agents with a finding about the clock, by cause. `clock_offset_high` warns from 1 min by default; `clock_skewed` is more than the service accepts: 15 min for Logtail, 5 min for LogListener.',
      [query('sum by (cause) (cluster_cause:logagent_problem:count{cluster=~"|$cluster", prerequisite="clock"})', '{{cause}}')],
      { unit: 'short', min: 0, softMax: 2, decimals: 0, legend: 'list', noValue: 'No clock was wrong in this time.' })],
    [8, graph('Clock offset', 'Absolute offset of the worst clock of each cluster, compared with the time of servers.',
      [query('cluster:logagent_clock_offset_seconds:max{cluster=~"|$cluster"}', '{{cluster}}')],
      { unit: 's', min: 0, legend: 'list', noValue: 'no source of time answers' })],
    [8, graph('Restarts of agents per hour', 'Starts of agents\' processes after the first, by agent and role: crashes and intentional restarts. Logtail\'s and LogListener\'s daemons restart their workers, and are not counted themselves.',
      [query('sum by (agent, role) (sum_over_time(cluster_agent_role:logagent_process_restarts:increase5m{cluster=~"|$cluster"}[1h:5m]))', '{{agent}} {{role}}')],
      { unit: 'short', min: 0, softMax: 2, decimals: 0, legend: 'list', noValue: 'no process is watched' })],
  ],
]];

const SUM = 'cluster_kind_version:logagent_agents:count{cluster=~"|$cluster"}';
const EXPORTERS = 'cluster_version:logagent_exporters:count{cluster=~"|$cluster"}';
const EDITED = 'cluster_cause:logagent_problem:count{cluster=~"|$cluster", cause="restart_required"}';
const changes = [
  mark('Fleet alerts', 'max by (alertname, cause, cluster) (ALERTS{alertname=~"LogAgentFleet.+|LogAgentExportersDown|LogAgentExportersMissing", alertstate="firing", cluster=~"|$cluster"})',
    { title: '{{alertname}} {{cause}}', text: '{{cluster}}', color: BAD }),
  mark('New versions', `sum by (kind, version) (${SUM}) unless sum by (kind, version) (${SUM} offset 15m) and on () sum(${SUM} offset 15m)`,
    { title: 'New version {{version}}', text: '{{kind}}', color: NEUTRAL }),
  mark('New exporter versions', `sum by (version) (${EXPORTERS}) unless sum by (version) (${EXPORTERS} offset 15m) and on () sum(${EXPORTERS} offset 15m)`,
    { title: 'New exporter version {{version}}', color: NEUTRAL }),
  mark('Restarts', 'max by (cluster, agent) (cluster_agent_role:logagent_process_restarts:increase5m{cluster=~"|$cluster"}) / on (cluster) group_left () cluster:logagent_agents:sum > 0.02',
    { title: 'Many restarts of {{agent}}', text: '{{cluster}}', color: DOUBTFUL }),
  mark('Config edits', `sum by (cluster) (${EDITED}) - (sum by (cluster) (${EDITED} offset 5m) or sum by (cluster) (${EDITED}) * 0) > 0`,
    { title: 'Config edited, restart required', text: '{{cluster}}', color: UNKNOWN }),
];

export default dashboard(UIDS.fleet, 'Log agents / Fleet',
  'What is broken among the fleet\'s log-collection agents, where, why and since when. Needs the recording rules of alerts/logagent.rules.yml.',
  [
    variable.datasource,
    variable.known('job', 'job', 'logagent_agents', 'Scrape jobs of exporters. All means all of these.'),
    variable.label('cluster', 'Cluster', 'cluster_status:logagent_agents:count', 'Clusters to show. All includes hosts without such a label.', { allValue: '.*' }),
    variable.label('cause', 'Cause', 'cluster_cause:logagent_problem:count{cluster=~"|$cluster"}', 'The causes that the tables of hosts show.'),
    variable.language,
    variable.runbooks,
  ],
  [overview, causes, places, versions, endpoints, clocks],
  { annotations: { list: changes } });
