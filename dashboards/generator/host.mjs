// One host: what each agent on it needs, what is wrong, and what the exporter has observed.

import {
  ABSENT, BAD, DOUBTFUL, GOOD, NEUTRAL, PLAIN, SEVERITIES, STATES, UIDS, UNKNOWN, YES_NO,
  coloured, colouredText, contained, dashboard, field, graph, history, mapping, mark, named, now, query, rows, stat, steps, table, timeline, toRunbook, variable,
} from './parts.mjs';

const HOST = 'job=~"$job", cluster=~"|$cluster", instance=~"$instance"';
const AGENT = `${HOST}, agent=~"$agent"`;

// 0 ok, 1 unknown, 2 failing: the worst is the greatest.
const state = (metric, by) =>
  `max by (${by}) (${metric}{${AGENT}, status="failing"} * 2 or ${metric}{${AGENT}, status="unknown"})`;

const IN_CONTAINERS = contained(`logagent_agent_info{${AGENT}}`, `logagent_exporter_build_info{${HOST}}`);

// A time of the host, by Prometheus' clock: both times are the host's, so its clock offset cancels out.
const since = (by, metric) =>
  `${by} (time() - (logagent_last_evaluation_timestamp_seconds{${HOST}} - on (job, cluster, instance) group_right () ${metric}{${AGENT}})) * 1000`;

const OFFSET = `avg(logagent_clock_offset_seconds{${HOST}, source="ntp"}) or avg(logagent_clock_offset_seconds{${HOST}, source="http_date"})`;

const states = steps(GOOD, [1, UNKNOWN], [2, BAD]);

const overview = [null, [
  [4,
    [4, stat('Status', 'The worst prerequisite of each agent.', [query(state('logagent_status', 'agent'), '{{agent}}')],
      { unit: 'none', mappings: STATES, thresholds: states, colorMode: 'background', textMode: 'value_and_name', noValue: 'not scraped' })],
    [3, stat('Critical', 'Findings that prevent the heartbeat.', [query(`count(logagent_problem{${AGENT}, severity="critical"}) or vector(0)`)],
      { unit: 'short', thresholds: steps(GOOD, [1, BAD]), noValue: '0' })],
    [3, stat('Warnings', 'Findings that need attention although it works now.', [query(`count(logagent_problem{${AGENT}, severity="warning"}) or vector(0)`)],
      { unit: 'short', thresholds: steps(GOOD, [1, DOUBTFUL]), noValue: '0' })],
    [4, stat('Live processes', 'Live processes of the agents, and how many there should be.',
      [query(`sum(logagent_processes{${AGENT}})`, 'live'), query(`sum(logagent_processes_expected{${AGENT}})`, 'expected')],
      { unit: 'short', thresholds: steps(NEUTRAL), textMode: 'value_and_name', orientation: 'vertical', noValue: 'could not be read' })],
    [3, stat('Reached', 'Share of probed endpoints that give the documented answer.', [query(`avg(logagent_endpoint_up{${AGENT}})`)],
      { unit: 'percentunit', decimals: 0, thresholds: steps(BAD, [1, GOOD]), noValue: 'none probed' })],
    [4, stat('Clock', 'Local clock minus reference, by the best available source: a time server, otherwise the Date of HTTP answers (accurate to about half a second).',
      [query(OFFSET)],
      { unit: 's', decimals: 1, thresholds: { mode: 'absolute', steps: [{ color: BAD, value: null }, { color: DOUBTFUL, value: -300 }, { color: GOOD, value: -60 }, { color: DOUBTFUL, value: 60 }, { color: BAD, value: 300 }] }, noValue: 'no source' })],
    [3, stat('Evaluated', 'Age of the last evaluation at the last scrape. Evaluations are 15 s apart by default.',
      [query(`max(timestamp(logagent_last_evaluation_timestamp_seconds{${HOST}}) - logagent_last_evaluation_timestamp_seconds{${HOST}}) + (${OFFSET} or vector(0))`)],
      { unit: 's', decimals: 0, thresholds: steps(GOOD, [60, DOUBTFUL], [300, BAD]), noValue: 'not scraped' })],
  ],
]];

const verdicts = ['Prerequisites and findings', [
  [10,
    [24, timeline('Prerequisites', 'Each condition of the heartbeat over time. Only those that apply are shown. Unknown: a required fact could not be read.',
      [query(state('logagent_prerequisite_status', 'agent, prerequisite'), '{{agent}} · {{prerequisite}}')],
      { mappings: STATES, thresholds: states, noValue: 'No agent is watched on this host.', interval: '1m' })],
  ],
  [5,
    [24, table('Findings', 'Active findings; the cause links to its runbook. The evidence is on the exporter\'s own page (port 10077) and in `logagent-exporter check` on the host.',
      [rows(`max by (severity, cause, prerequisite, agent, instance, cluster) ((time() - (logagent_last_evaluation_timestamp_seconds{${HOST}} - on (job, cluster, instance) group_right () logagent_problem_since_timestamp_seconds{${AGENT}})) * 1000 * on (job, cluster, instance, agent, prerequisite, cause) group_left (severity) logagent_problem{${AGENT}})`)],
      {
        columns: { severity: 'Severity', cause: 'Cause', prerequisite: 'Prerequisite', agent: 'Agent', Value: 'Since', instance: 'Host', cluster: 'Cluster' },
        noValue: 'Nothing is wrong: no finding is active on this host.',
        sortBy: [['Severity', false], ['Since', false]],
        overrides: [
          field('Severity', { mappings: SEVERITIES, custom__cellOptions: colouredText, custom__width: 100 }),
          field('Cause', { links: [toRunbook] }),
          field('Since', { unit: 'dateTimeFromNow' }),
        ],
      })],
  ],
]];

const facts = ['What is watched', [
  [5,
    [24, table('Agents', 'Agents that were detected or configured; for those in containers, also where they are.',
      [rows(['container', 'pod', 'namespace', 'instance_id'].reduce((expr, label) => named(label, '–', expr),
        named('version', 'not known', `max by (agent, kind, version, hostname, instance_id, container, pod, namespace) (${IN_CONTAINERS})`)))],
      {
        columns: { agent: 'Agent', kind: 'Kind', version: 'Version', hostname: 'Host name', namespace: 'Namespace', pod: 'Pod', container: 'Container', instance_id: 'Instance id' },
        noValue: 'No agent is watched on this host.',
        overrides: [field('Agent', { custom__width: 220 }), field('Kind', { custom__width: 110 }), field('Version', { custom__width: 110 }), field('Host name', { custom__width: 160 }), field('Namespace', { custom__width: 130 })],
      })],
  ],
  [6,
    [10, table('Addresses', 'Addresses that matter to the heartbeat, by source. What the agent reports must be what its machine group expects.',
      [rows(`max by (agent, source, ip) (logagent_ip_info{${AGENT}})`)],
      {
        columns: { source: 'Source', ip: 'IP', agent: 'Agent' },
        noValue: 'No agent on this host is known to its service by address.',
        sortBy: [['Agent', false], ['Source', false]],
        overrides: [],
      })],
    [14, table('Last contact with the service', 'When the service last changed the collection configs of an agent and last accepted what it sent, if its own log shows that.',
      [
        rows(`${since('max by (agent)', 'logagent_agent_last_config_update_timestamp_seconds')}`),
        rows(`${since('max by (agent)', 'logagent_agent_last_send_timestamp_seconds')}`),
      ],
      {
        columns: { agent: 'Agent', 'Value #A': 'Configs changed', 'Value #B': 'Last accepted' },
        noValue: 'No agent\'s own log shows this.',
        overrides: [
          field('Configs changed', { unit: 'dateTimeFromNow', noValue: '–' }),
          field('Last accepted', { unit: 'dateTimeFromNow', noValue: '–' }),
        ],
      })],
  ],
]];

const endpoints = ['Endpoints', [
  [8,
    [24, table('Endpoints', 'Each address that an agent must reach, as of the last probe. Status 0: no answer came. Plain TCP has no status, plain HTTP no certificate.',
      [
        rows(`max by (agent, purpose, url) (logagent_endpoint_up{${AGENT}})`),
        rows(`max by (agent, purpose, url) (logagent_endpoint_http_status_code{${AGENT}})`),
        rows(`sum by (agent, purpose, url) (logagent_endpoint_phase_duration_seconds{${AGENT}})`),
        rows(`min by (agent, purpose, url) (logagent_endpoint_certificate_not_after_timestamp_seconds{${AGENT}}) - time()`),
      ],
      {
        columns: { 'Value #A': 'Reached', purpose: 'Purpose', url: 'URL', 'Value #B': 'Status', 'Value #C': 'Duration', 'Value #D': 'Certificate ends in', agent: 'Agent' },
        noValue: 'No endpoint is probed for this host.',
        sortBy: [['Reached', false]],
        overrides: [
          field('Reached', { mappings: YES_NO('yes', 'no'), thresholds: steps(BAD, [1, GOOD]), custom__cellOptions: coloured, custom__width: 85, custom__align: 'center' }),
          field('Purpose', { custom__width: 120 }),
          field('Status', { unit: 'none', noValue: '–', custom__width: 80 }),
          field('Duration', { unit: 's', decimals: 1, custom__width: 110 }),
          field('Certificate ends in', { unit: 's', decimals: 0, mappings: ABSENT('–'), thresholds: steps(BAD, [0, DOUBTFUL], [14 * 86400, PLAIN]), custom__cellOptions: colouredText, custom__width: 170 }),
          field('Agent', { custom__width: 120 }),
        ],
      })],
  ],
  [8,
    [12, history('Reachability', 'Whether each endpoint gave the documented answer.',
      [query(`min by (purpose, url) (logagent_endpoint_up{${AGENT}})`, '{{url}}')],
      { mappings: YES_NO('reached', 'not reached'), thresholds: steps(BAD, [1, GOOD]), noValue: 'No endpoint is probed for this host.' })],
    [12, graph('Phases of probes', 'Duration of the phases of a probe, on average over the endpoints. A phase that was not reached has none.',
      [query(`avg by (phase) (logagent_endpoint_phase_duration_seconds{${AGENT}})`, '{{phase}}')],
      { unit: 's', area: true, min: 0, noValue: 'no endpoint is probed' })],
  ],
]];

const clock = ['Clock', [
  [7,
    [14, graph('Clock offset', 'Local clock minus reference, by source. A warning from one minute on; Logtail\'s service rejects from 15 min, LogListener\'s from 5 min. The kernel\'s own estimate is only shown, and raises no problem.',
      [query(`max by (source) (logagent_clock_offset_seconds{${HOST}})`, '{{source}}')],
      { unit: 's', noValue: 'no source of time answers' })],
    [5, stat('Uncertainty', 'Half-width of the interval that the offset is in, by source.', [query(`max by (source) (logagent_clock_uncertainty_seconds{${HOST}})`, '{{source}}')],
      { unit: 's', decimals: 2, thresholds: steps(NEUTRAL), textMode: 'value_and_name', noValue: 'no source' })],
    [5, stat('Kernel and steps', 'Whether the kernel considers its clock synchronized, and how often the clock jumped by more than a second in this time.',
      [
        query(`max(logagent_clock_synchronized{${HOST}})`, 'synchronized'),
        now(`sum(increase(logagent_clock_steps_total{${HOST}}[$__range]))`, 'steps'),
      ],
      {
        unit: 'short', decimals: 0, thresholds: steps(GOOD, [1, DOUBTFUL]), textMode: 'value_and_name', orientation: 'vertical', noValue: 'not known',
        overrides: [field('synchronized', { mappings: mapping([1, 'yes', GOOD], [0, 'no', DOUBTFUL]) })],
      })],
  ],
]];

const processes = ['Processes', [
  [7,
    [8, graph('CPU', 'Cores used by the agents\' processes, by role.',
      [query(`sum by (agent, role) (rate(logagent_process_cpu_seconds_total{${AGENT}}[$__rate_interval]))`, '{{agent}} {{role}}')],
      { unit: 'none', decimals: 3, min: 0, legend: 'list', noValue: 'no process lives' })],
    [8, graph('Resident memory', 'Memory of the agents\' processes, by role.',
      [query(`sum by (agent, role) (logagent_process_resident_memory_bytes{${AGENT}})`, '{{agent}} {{role}}')],
      { unit: 'bytes', min: 0, legend: 'list', noValue: 'no process lives' })],
    [8, graph('Open files', 'Open file descriptors of the agents\' processes, by role.',
      [query(`sum by (agent, role) (logagent_process_open_fds{${AGENT}})`, '{{agent}} {{role}}')],
      { unit: 'short', min: 0, decimals: 0, legend: 'list', noValue: 'no process lives' })],
  ],
  [7,
    [12, table('Processes', 'Each role: live and expected processes, threads, and when the newest one was started.',
      [
        rows(`sum by (agent, role) (logagent_processes{${AGENT}})`),
        rows(`sum by (agent, role) (logagent_processes_expected{${AGENT}})`),
        rows(`sum by (agent, role) (logagent_process_threads{${AGENT}})`),
        rows(`${since('max by (agent, role)', 'logagent_process_start_time_seconds')}`),
        rows(`sum by (agent, role) (increase(logagent_process_restarts_total{${AGENT}}[$__range]))`),
      ],
      {
        columns: { agent: 'Agent', role: 'Role', 'Value #A': 'Live', 'Value #B': 'Expected', 'Value #C': 'Threads', 'Value #E': 'Restarts', 'Value #D': 'Started' },
        noValue: 'No role is watched on this host.',
        overrides: [
          field('Agent', { custom__width: 110 }),
          field('Role', { custom__width: 85 }),
          field('Live', { mappings: ABSENT('not known'), thresholds: steps(BAD, [1, PLAIN]), custom__cellOptions: colouredText, custom__width: 70 }),
          field('Expected', { custom__width: 95 }),
          field('Threads', { noValue: '–', custom__width: 90 }),
          field('Restarts', { noValue: '–', decimals: 0, custom__width: 90 }),
          field('Started', { unit: 'dateTimeFromNow', noValue: '–' }),
        ],
      })],
    [12, table('Files', 'When the files that an agent reads or writes were last modified. An edit later than the start of the process may not be loaded yet.',
      [rows(since('max by (agent, file)', 'logagent_file_modified_timestamp_seconds'))],
      {
        columns: { agent: 'Agent', file: 'File', Value: 'Modified' },
        hidden: ['__name__', 'job', 'instance', 'cluster'],
        noValue: 'No file is watched on this host.',
        sortBy: [['Modified', true]],
        overrides: [field('Modified', { unit: 'dateTimeFromNow' })],
      })],
  ],
  [6,
    [24, graph('Restarts', 'Starts of the agents\' processes after the first, in the last hour: crashes and intentional restarts.',
      [query(`sum by (agent, role) (increase(logagent_process_restarts_total{${AGENT}}[1h]))`, '{{agent}} {{role}}')],
      { unit: 'short', min: 0, softMax: 2, decimals: 0, noValue: 'no process is watched' })],
  ],
]];

const exporter = ['The exporter on this host', [
  [7,
    [6, graph('Evaluations by trigger', 'What makes the exporter evaluate: the timer at its interval, all others when something happens.',
      [query(`sum by (trigger) (rate(logagent_evaluations_total{${HOST}}[$__rate_interval]))`, '{{trigger}}')],
      { unit: 'cps', min: 0, legend: 'list', noValue: 'not scraped' })],
    [6, graph('Duration of an evaluation', 'Of the last evaluation before each scrape. Reads that take too long are abandoned, and their facts are unknown.',
      [query(`max(logagent_evaluation_duration_seconds{${HOST}})`, 'duration')],
      { unit: 's', min: 0, legend: 'list', noValue: 'not scraped' })],
    [6, graph('Memory and CPU', 'Memory and cores that the exporter uses.',
      [query(`max(process_resident_memory_bytes{${HOST}})`, 'memory'), query(`sum(rate(process_cpu_seconds_total{${HOST}}[$__rate_interval]))`, 'CPU')],
      { unit: 'bytes', min: 0, legend: 'list', noValue: 'not scraped', overrides: [field('CPU', { unit: 'none', decimals: 4, custom__axisPlacement: 'right' })] })],
    [6, graph('Findings that came and went', 'Causes that appeared, disappeared or changed in the last hour, by prerequisite: shows flapping.',
      [query(`sum by (agent, prerequisite) (increase(logagent_problem_transitions_total{${AGENT}}[1h]))`, '{{agent}} {{prerequisite}}')],
      { unit: 'short', min: 0, softMax: 2, decimals: 0, legend: 'list', noValue: 'nothing came or went' })],
  ],
  [4,
    [24, table('Limits reached', 'Bounds on what the exporter reads, keeps or reports that were reached: anything beyond them is left out.',
      [rows(`max by (limit) (logagent_limit_reached{${HOST}})`)],
      { columns: { limit: 'Limit' }, noValue: 'No limit was reached.', overrides: [] })],
  ],
]];

const INFO = `logagent_agent_info{${AGENT}}`;
const changes = [
  mark('Alerts', 'max by (alertname, agent) (ALERTS{alertname=~"LogAgent.+", alertstate="firing", instance=~"$instance"})', { title: '{{alertname}}', text: '{{agent}}', color: BAD }),
  mark('Config edits', `max by (agent, file) (changes(logagent_file_modified_timestamp_seconds{${AGENT}}[5m])) > 0`, { title: '{{file}} was modified', text: '{{agent}}', color: UNKNOWN }),
  mark('Restarts', `sum by (agent, role) (increase(logagent_process_restarts_total{${AGENT}}[5m])) > 0`, { title: '{{role}} was started again', text: '{{agent}}', color: DOUBTFUL }),
  mark('New versions', `count by (agent, version) (${INFO}) unless count by (agent, version) (${INFO} offset 10m) and on () count(${INFO} offset 10m)`, { title: 'New version {{version}}', text: '{{agent}}', color: NEUTRAL }),
];

const SCRAPED = 'logagent_agents';

export default dashboard(UIDS.host, 'Log agents / Host',
  'One host: prerequisites of the heartbeat, findings, addresses, endpoints, clock, processes.',
  [
    variable.datasource,
    variable.label('job', 'job', SCRAPED, 'Scrape jobs of exporters.'),
    variable.label('cluster', 'Cluster', `${SCRAPED}{job=~"$job"}`, 'All includes hosts without such a label.', { allValue: '.*' }),
    variable.label('instance', 'instance', `${SCRAPED}{job=~"$job", cluster=~"|$cluster"}`, 'The host: the address at which its exporter is scraped.', { many: false }),
    variable.label('agent', 'Agent', `logagent_status{${HOST}}`, 'Agents on the host.'),
    variable.language,
    variable.runbooks,
  ],
  [overview, verdicts, facts, endpoints, clock, processes, exporter],
  { annotations: { list: changes }, more: [{ title: 'The exporter\'s page', type: 'link', url: 'http://${instance}/', tags: [], asDropdown: false, includeVars: false, keepTime: false, targetBlank: true, icon: 'dashboard', tooltip: 'The evidence, on the host' }] });
